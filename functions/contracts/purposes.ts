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

/** A customer's explicit choices. An absent purpose means no choice was made: the jurisdiction's default holds. */
export type ConsentChoices = Partial<Record<Purpose, boolean>>;
