import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { invariant } from '../../kernel/invariant.ts';
import { endOfLocalDay } from '../../kernel/local-day.ts';
import { toMinorUnits } from '../../registry/currencies.ts';
import { jurisdictionOfCountry, jurisdictions } from '../../registry/jurisdictions/index.ts';
import { homeCountryOf } from '../../registry/person/home-country.ts';
import type { CollectPolicy } from './collect.ts';

/** The policy of one stack.
 * @param setting reads one of the stack's settings: JURISDICTION, SIGNAL_BUCKETS, PEER_ENDPOINTS
 * @throws InvariantError when the stack is set up wrongly */
export function policyOf(setting: (name: string) => string, secrets: JurisdictionSecrets): CollectPolicy {
  const jurisdiction = jurisdictions[setting('JURISDICTION')];
  invariant(jurisdiction !== undefined, 'JURISDICTION is not in the registry');
  const buckets = Number(setting('SIGNAL_BUCKETS'));
  invariant(Number.isInteger(buckets) && buckets >= 1 && buckets <= 100, 'SIGNAL_BUCKETS is not 1 to 100');
  const hourOfDay = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    hourCycle: 'h23',
    timeZone: jurisdiction.timeZone,
  });
  return {
    jurisdiction,
    jurisdictionOf: jurisdictionOfCountry,
    homeCountry: homeCountryOf(jurisdiction.countries),
    secrets,
    buckets,
    peers: JSON.parse(setting('PEER_ENDPOINTS')) as Record<string, string>,
    toMinor: (amount, currency) =>
      toMinorUnits(amount, currency ?? jurisdiction.currency, jurisdiction.currency),
    localHour: (at) => Number(hourOfDay.format(at)),
    endOfDay: (day) => endOfLocalDay(day, jurisdiction.timeZone),
  };
}
