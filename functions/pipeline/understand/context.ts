import { IDENTIFIER_TYPES, type IdentifierType } from '../../contracts/signal.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { AlertRuleDefinition } from '../../registry/alert-rule-definition.ts';
import { alertRules } from '../../registry/alert-rules/index.ts';
import { identifiers } from '../../registry/identifiers/index.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import { jurisdictions } from '../../registry/jurisdictions/index.ts';
import type { MatchParameters } from '../../registry/matching/attributes.ts';
import {
  MATCH_MODEL,
  type MatchPolicy,
  matchParameters,
  matchPolicy,
} from '../../registry/matching/parameters.ts';
import type { SegmentDefinition } from '../../registry/segment-definition.ts';
import { segments } from '../../registry/segments/index.ts';
import type { LinkPolicy } from '../2-identify/limits.ts';
import { KeyChoice } from '../2-identify/probabilistic/key-choice.ts';

/** What `understand` works by: the jurisdiction's law and the registry's definitions. The same for a whole batch. */
export interface UnderstandContext {
  readonly jurisdiction: JurisdictionDefinition;
  readonly secrets: JurisdictionSecrets;
  readonly segments: readonly SegmentDefinition[];
  readonly alertRules: readonly AlertRuleDefinition[];
  readonly linkPolicy: LinkPolicy;
  readonly matching: {
    readonly parameters: MatchParameters;
    readonly policy: MatchPolicy;
    readonly choice: KeyChoice;
    /** Kept with every match. */
    readonly model: string;
  };
}

/** Version of the pipeline's own rules (identity, fold, permission), named in the evidence of every signal. Raise it when
 * their meaning changes. */
export const PIPELINE_VERSION = 'understand@3';

/** The context of one stack, from the registry.
 * @throws InvariantError when the stack names a jurisdiction that the registry does not have. */
export function contextOf(code: string, secrets: JurisdictionSecrets): UnderstandContext {
  const jurisdiction = jurisdictions[code];
  invariant(jurisdiction !== undefined, 'JURISDICTION is not in the registry');
  return { jurisdiction, secrets, segments, alertRules, linkPolicy, matching };
}

/** Whether people may be found by what they say: to be joined, or to be proposed to a steward. */
export const mayMatch = ({ jurisdiction }: UnderstandContext): boolean =>
  jurisdiction.identity.value.probabilistic !== 'off';

const ofEveryType = <T>(of: (type: IdentifierType) => T): Readonly<Record<IdentifierType, T>> =>
  Object.fromEntries(IDENTIFIER_TYPES.map((type) => [type, of(type)])) as Record<IdentifierType, T>;

/** How evidence is weighed: one model for all jurisdictions; what it may do is theirs to say. */
const matching: UnderstandContext['matching'] = {
  parameters: matchParameters,
  policy: matchPolicy,
  choice: new KeyChoice(matchParameters, matchPolicy),
  model: MATCH_MODEL,
};

/** The limits that the registry gives. */
const linkPolicy: LinkPolicy = {
  links: ofEveryType((type) => identifiers[type].linksMax),
  subjects: ofEveryType((type) => identifiers[type].perSubjectMax),
};
