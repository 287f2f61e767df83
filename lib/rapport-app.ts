import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { enabledOrThrow } from '../functions/registry/jurisdictions/index.ts';
import type { Bundler } from './bundle.ts';
import { JurisdictionStack } from './jurisdiction-stack.ts';
import type { Settings } from './settings.ts';

/**
 * Adds one stack `Rapport-<code>` per enabled jurisdiction, and the AwsSolutions checks over all of them. Stacks know
 * nothing of each other: each gets its own definition and no reference to another (law 5).
 * @throws Error listing the known jurisdictions when one is unknown
 */
export function addStacks(app: App, settings: Settings, bundle: Bundler): readonly JurisdictionStack[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return enabledOrThrow(settings.jurisdictions).map(
    (jurisdiction) =>
      new JurisdictionStack(app, `Rapport-${jurisdiction.code}`, {
        jurisdiction,
        account: settings.accounts[jurisdiction.code],
        streams: settings.streams,
        bundle,
      }),
  );
}
