import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundleOnce } from '../lib/bundle.ts';
import { addStacks } from '../lib/rapport-app.ts';
import { defaultContext, settingsFrom } from '../lib/settings.ts';

try {
  const app = new App({ context: defaultContext, analyticsReporting: false, treeMetadata: false });
  addStacks(app, settingsFrom(app.node), bundleOnce(join(app.outdir, 'bundles')));
  app.synth();
} catch (error) {
  // A wrong setting or a handler that does not bundle: the message says what to do, a stack trace would hide it.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
