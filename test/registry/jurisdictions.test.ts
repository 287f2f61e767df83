import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AGE_KEPT_MAX } from '../../functions/contracts/consent.ts';
import { PURPOSES } from '../../functions/contracts/purposes.ts';
import { EVENT_CLASSES } from '../../functions/contracts/signal.ts';
import type { Sourced } from '../../functions/registry/jurisdiction-definition.ts';
import {
  enabledOrThrow,
  isDeployable,
  jurisdictionCodes,
  jurisdictionOfCountry,
  jurisdictions,
} from '../../functions/registry/jurisdictions/index.ts';

const folder = join(import.meta.dirname, '../../functions/registry/jurisdictions');
const all = Object.values(jurisdictions);
const CODES = 'au br ca ca-qc ch cn eu in jp kr sa sg uk us us-ca za'.split(' ');

/** Every sourced fact of a definition, however deep. */
function facts(value: unknown): readonly Sourced<unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('evidence' in value) return [value as Sourced<unknown>];
  return Object.values(value).flatMap(facts);
}

describe('the jurisdictions folder', () => {
  it('has the sixteen jurisdictions of the product', () => {
    expect([...jurisdictionCodes].sort()).toEqual(CODES);
  });

  it('has one file for each listed jurisdiction, and lists every file', () => {
    const files = readdirSync(folder).filter((name) => name !== 'index.ts');
    expect(files.sort()).toEqual(jurisdictionCodes.map((code) => `${code}.ts`).sort());
  });

  it('claims no place twice', () => {
    const places = all.flatMap(({ countries }) => countries);
    expect(places.filter((place, at) => places.indexOf(place) !== at)).toEqual([]);
  });

  it('puts no two jurisdictions into one region', () => {
    const deployable = all.filter(isDeployable);
    expect(new Set(deployable.map(({ region }) => region)).size).toBe(deployable.length);
  });

  it('has a place for the stack of every jurisdiction but Saudi Arabia', () => {
    expect(all.filter((definition) => !isDeployable(definition)).map(({ code }) => code)).toEqual(['sa']);
  });
});

describe.each(all)('$code', (definition) => {
  it('stands under its own code, in a region of its partition or, with a reason, nowhere', () => {
    expect(jurisdictions[definition.code]).toBe(definition);
    if (!isDeployable(definition)) {
      expect(definition.notDeployable).toMatch(/^.+$/);
      return;
    }
    const partition = definition.region.startsWith('cn-')
      ? 'aws-cn'
      : definition.region.startsWith('eusc-')
        ? 'aws-eusc'
        : 'aws';
    expect(definition.partition).toBe(partition);
    expect(definition.region).toMatch(/^[a-z]{2,4}(-[a-z]+){1,2}-\d$/);
  });

  it('names places, money and hours by their standards', () => {
    expect(definition.countries.length).toBeGreaterThan(0);
    for (const place of [...definition.countries, ...(definition.exceptPlaces ?? [])])
      expect(place).toMatch(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/);
    expect(Intl.supportedValuesOf('currency')).toContain(definition.currency);
    expect(() => new Intl.DateTimeFormat('en', { timeZone: definition.timeZone })).not.toThrow();
  });

  it('says for every purpose when it is lawful, and serves under the contract', () => {
    expect(Object.keys(definition.purposes).sort()).toEqual([...PURPOSES].sort());
    expect(definition.purposes.service.value).toBe('contract');
    for (const purpose of PURPOSES.slice(1)) expect(definition.purposes[purpose].value).not.toBe('contract');
  });

  it('keeps every event class for a stated reason, no shorter than the minimum', () => {
    expect(Object.keys(definition.retention).sort()).toEqual([...EVENT_CLASSES].sort());
    for (const { value } of Object.values(definition.retention)) {
      expect(value.minDays).toBeGreaterThanOrEqual(0);
      expect(value.maxDays).toBeGreaterThan(value.minDays);
      expect(value.basis).not.toBe('');
    }
  });

  it('gives a source and a mark of confidence with every fact', () => {
    expect(facts(definition).length).toBe(
      PURPOSES.length + EVENT_CLASSES.length + 14 + (definition.consentOverGpc === undefined ? 0 : 1),
    );
    for (const { source, evidence } of facts(definition)) {
      expect(source).not.toBe('');
      expect(['primary source', 'secondary source', 'general knowledge']).toContain(evidence);
    }
  });

  it('turns early erasure into a restriction where every class has a minimum, and only there', () => {
    const floors = Object.values(definition.retention).map(({ value }) => value.minDays);
    expect(definition.earlyErasure.value === 'restrict-until-floor').toBe(floors.every((days) => days > 0));
  });

  it('denies a minor something, and never the service itself', () => {
    const { denied } = definition.minors.value;
    expect(denied.length).toBeGreaterThan(0);
    for (const { underAge, purposes } of denied) {
      expect(underAge).toBeLessThanOrEqual(AGE_KEPT_MAX);
      expect(purposes).not.toContain('service');
    }
  });

  it('says who is told of a breach, and keeps a record of it and of requests', () => {
    const { regulator, people } = definition.breach.value;
    expect(regulator.length + people.length).toBeGreaterThan(0);
    for (const { within } of [...regulator, ...people])
      if (within !== null) expect(within.count).toBeGreaterThan(0);
    expect(definition.logs.value.requestDays).toBeGreaterThanOrEqual(731);
    expect(definition.logs.value.breachDays).toBeGreaterThanOrEqual(731);
  });

  it('works at least four days of a week', () => {
    expect(new Set(definition.weekend.value).size).toBeLessThan(4);
  });

  it('answers requests in a positive time and never stops service for Sec-GPC', () => {
    expect(definition.rights.value.answerIn.count).toBeGreaterThan(0);
    expect(definition.globalPrivacyControl.value).not.toContain('service');
    expect(definition.aggregateThreshold.value).toBeGreaterThanOrEqual(2);
  });
});

describe('what the law says, as researched', () => {
  it('asks before tracking in the EU, and exempts analytics in the UK', () => {
    expect(jurisdictions.eu?.purposes.analytics.value).toBe('opt-in');
    expect(jurisdictions.eu?.purposes.profiling.value).toBe('opt-in');
    expect(jurisdictions.uk?.purposes.analytics.value).toBe('legitimate-interest');
    expect(jurisdictions.uk?.purposes.personalisation.value).toBe('opt-in');
  });

  it('lets Californians opt out, and takes Sec-GPC for it', () => {
    expect(jurisdictions['us-ca']?.purposes.sharing.value).toBe('opt-out');
    expect(jurisdictions['us-ca']?.globalPrivacyControl.value).toContain('sharing');
    expect(jurisdictions['us-ca']?.globalPrivacyControl.evidence).toBe('primary source');
  });

  it('keeps Californian choices for at least 24 months', () => {
    expect(jurisdictions['us-ca']?.retention.consent.value.minDays).toBeGreaterThanOrEqual(731);
  });

  it('stops the clock in the UK alone', () => {
    const stopping = all.filter(({ rights }) => rights.value.clock === 'from-receipt-stops-for-person');
    expect(stopping.map(({ code }) => code)).toEqual(['uk']);
  });

  it('keeps everything for a year in India, and restricts until then', () => {
    const { retention, earlyErasure } = jurisdictions.in ?? {};
    for (const { value, evidence } of Object.values(retention ?? {}))
      expect([value.minDays, evidence]).toEqual([365, 'primary source']);
    expect(earlyErasure?.value).toBe('restrict-until-floor');
  });

  it('bars tracking of Indian and advertising profiles of Brazilian minors whoever allows it', () => {
    const never = (code: string) =>
      jurisdictions[code]?.minors.value.denied.filter(({ unless }) => unless === 'never');
    expect(never('in')).toEqual([
      { underAge: 18, purposes: ['analytics', 'personalisation', 'profiling'], unless: 'never' },
    ]);
    expect(never('br')).toEqual([
      { underAge: 18, purposes: ['personalisation', 'profiling'], unless: 'never' },
    ]);
  });

  it('keeps profiling off in Quebec and Korea until a person switches it on', () => {
    for (const code of ['ca-qc', 'kr', 'in', 'cn', 'sa'])
      expect(jurisdictions[code]?.purposes.profiling.value).toBe('opt-in');
  });

  it('rests on Friday and Saturday in Saudi Arabia alone', () => {
    const others = all.filter(({ weekend }) => !weekend.value.includes('sunday'));
    expect(others.map(({ code, weekend }) => [code, weekend.value])).toEqual([
      ['sa', ['friday', 'saturday']],
    ]);
  });

  it('has no general right to erasure in Singapore and Australia', () => {
    expect(all.filter(({ rights }) => !rights.value.erasure).map(({ code }) => code)).toEqual(['sg', 'au']);
  });

  it('acknowledges requests and counts opt-outs in California by business days', () => {
    expect(jurisdictions['us-ca']?.acknowledgeIn.value).toEqual({ count: 10, unit: 'business-days' });
    expect(jurisdictions['us-ca']?.optOutIn.value).toEqual({ count: 15, unit: 'business-days' });
  });

  it('covers the 27 members of the Union and the three of the EEA', () => {
    const members =
      'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO'.split(' ');
    expect(members).toHaveLength(30);
    for (const country of members) expect(jurisdictionOfCountry(country)).toBe('eu');
  });
});

describe('jurisdictionOfCountry', () => {
  it('lets a subdivision win over its country, in either form and any case', () => {
    expect(jurisdictionOfCountry('US', 'CA')).toBe('us-ca');
    expect(jurisdictionOfCountry('us', 'us-ca')).toBe('us-ca');
    expect(jurisdictionOfCountry('gb', 'GB-SCT')).toBe('uk');
  });

  it('applies British rules to the Channel Islands', () => {
    expect(['GG', 'JE'].map((country) => jurisdictionOfCountry(country))).toEqual(['uk', 'uk']);
  });

  it('takes California out of the United States and Quebec out of Canada', () => {
    expect([jurisdictionOfCountry('US'), jurisdictionOfCountry('US', 'NV')]).toEqual(['us', 'us']);
    expect([jurisdictionOfCountry('CA'), jurisdictionOfCountry('CA', 'ON')]).toEqual(['ca', 'ca']);
    expect(jurisdictionOfCountry('CA', 'QC')).toBe('ca-qc');
    // `CA` is a country and a state: each only in its own place.
    expect(jurisdictionOfCountry('MX', 'CA')).toBeUndefined();
  });

  it('keeps places with laws of their own out of the country whose code they carry', () => {
    expect(jurisdictionOfCountry('CN', 'BJ')).toBe('cn');
    for (const [country, part] of ['CN-HK', 'CN-TW', 'FR-PF', 'NL-CW'].map((place) => place.split('-')))
      expect(jurisdictionOfCountry(country ?? '', part)).toBeUndefined();
    expect(jurisdictionOfCountry('FR', 'IDF')).toBe('eu');
  });

  it('does not guess', () => {
    expect(jurisdictionOfCountry('NZ')).toBeUndefined();
    expect(jurisdictionOfCountry('EU')).toBeUndefined();
    expect(jurisdictionOfCountry('ZZ', 'CA')).toBeUndefined();
    expect(jurisdictionOfCountry('')).toBeUndefined();
    expect(jurisdictionOfCountry('constructor')).toBeUndefined();
  });
});

describe('enabledOrThrow', () => {
  it('returns definitions in the order given, each once', () => {
    expect(enabledOrThrow(['uk', 'eu', 'uk']).map(({ code }) => code)).toEqual(['uk', 'eu']);
  });

  it('refuses what no stack can stand for, with the reason in one line', () => {
    expect(() => enabledOrThrow(['eu', 'sa'])).toThrow(
      /^jurisdiction sa cannot be deployed: no AWS region in Saudi Arabia is verified; .+$/,
    );
  });

  it('names what is unknown and what is known', () => {
    expect(() => enabledOrThrow(['eu', 'xx', '__proto__'])).toThrow(
      'unknown jurisdiction xx, __proto__; known jurisdictions: eu, uk, ch, us-ca, us, ca-qc, ca, br, in, cn, jp, kr, sg, au, za, sa',
    );
    expect(() => enabledOrThrow([])).toThrow(/no jurisdiction is enabled/);
  });
});
