/** What personal data may be used for. Signals, scores and decisions declare these (law 6).
 * `service`: doing what the customer asked for (GDPR art. 6(1)(b) and its kin) · `analytics`: measuring our own
 * operations · `personalisation`: adapting what this customer is shown or offered · `profiling`: evaluating this
 * customer (value, risk) · `automatedDecisions`: decisions without a human · `sharing`: giving or selling it on. */
export const PURPOSES = [
  'service',
  'analytics',
  'personalisation',
  'profiling',
  'automatedDecisions',
  'sharing',
] as const;
export type Purpose = (typeof PURPOSES)[number];

/** How far a permission goes, shallowest first. `none`: not at all · `basic`: what happened may be counted · `full`: also
 * which things it was about, and what may be concluded from it about the future. */
export const CONSENT_DEPTHS = ['none', 'basic', 'full'] as const;
export type ConsentDepth = (typeof CONSENT_DEPTHS)[number];

/** A customer's choices as sources send them: a plain yes is `full`, a plain no is `none`. An absent purpose means that no
 * choice was made: the jurisdiction's default holds. */
export type ConsentChoices = Partial<Record<Purpose, boolean | ConsentDepth>>;

export const depthOf = (choice: boolean | ConsentDepth): ConsentDepth =>
  typeof choice === 'boolean' ? (choice ? 'full' : 'none') : choice;

/** Negative when `a` is the shallower (stricter) one. */
export const compareDepths = (a: ConsentDepth, b: ConsentDepth): number =>
  CONSENT_DEPTHS.indexOf(a) - CONSENT_DEPTHS.indexOf(b);
