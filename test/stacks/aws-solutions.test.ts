import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Stream, StreamEncryption } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { afterAll, expect, it, vi } from 'vitest';
import { addStacks } from '../../lib/rapport-app.ts';
import { settingsFrom } from '../../lib/settings.ts';
import { appWith, oneBundle, removeScratch } from './synthesize.ts';

afterAll(removeScratch);

// Two stacks are synthesized and checked in one test; all are alike but for names and retention (sealed.test.ts).
vi.setConfig({ testTimeout: 60_000 });

const bundle = oneBundle();
const add = (app: App) => addStacks(app, settingsFrom(app.node), () => bundle);

/** Everything that cdk-nag reports, warnings too: a report is only written when there is something to say. */
function findings(app: App): string {
  let refusal = '';
  try {
    app.synth();
  } catch (error) {
    refusal = String(error);
  }
  const report = join(app.outdir, 'validation-report.json');
  return `${refusal}${existsSync(report) ? readFileSync(report, 'utf8') : ''}`;
}

it('has no AwsSolutions finding that is not acknowledged with its reason', () => {
  const app = appWith({ jurisdictions: 'eu,cn' });
  add(app);
  expect(findings(app)).not.toMatch(/AwsSolutions-/);
});

it('would say so if it had', () => {
  const app = appWith({ jurisdictions: 'eu' });
  const [stack] = add(app);
  if (stack === undefined) throw new Error('no stack');
  new Queue(stack, 'Careless', { encryption: QueueEncryption.UNENCRYPTED });
  expect(findings(app)).toMatch(/AwsSolutions-SQS4/);
});

it('would say so of a mere warning', () => {
  const app = appWith({ jurisdictions: 'eu' });
  const [stack] = add(app);
  if (stack === undefined) throw new Error('no stack');
  const encryptionKey = new Key(stack, 'Spare', { enableKeyRotation: true });
  new Stream(stack, 'Unexplained', { encryption: StreamEncryption.KMS, encryptionKey });
  expect(findings(app)).toMatch(/AwsSolutions-KDS3/);
});
