import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PURPOSES } from '../../functions/contracts/purposes.ts';
import { EVENT_CLASSES } from '../../functions/contracts/signal.ts';
import type { Sourced } from '../../functions/registry/jurisdiction-definition.ts';
import {
  enabledOrThrow,
  jurisdictionCodes,
  jurisdictionOfCountry,
  jurisdictions,
} from '../../functions/registry/jurisdictions/index.ts';

const folder = join(import.meta.dirname, '../../functions/registry/jurisdictions');
const all = Object.values(jurisdictions);

/** Every sourced fact of a definition, however deep. */
function facts(value: unknown): readonly Sourced<unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('evidence' in value) return [value as Sourced<unknown>];
  return Object.values(value).flatMap(facts);
}

describe('the jurisdictions folder', () => {
  it('has one file for each listed jurisdiction, and lists every file', () => {
    const files = readdirSync(folder).filter((name) => name !== 'index.ts');
    expect(files.sort()).toEqual(jurisdictionCodes.map((code) => `${code}.ts`).sort());
  });

  it('claims no place twice', () => {
    const places = all.flatMap(({ countries }) => countries);
    expect(places.filter((place, at) => places.indexOf(place) !== at)).toEqual([]);
  });

  it('puts no two jurisdictions into one region', () => {
    expect(new Set(all.map(({ region }) => region)).size).toBe(all.length);
  });
});

describe.each(all)('$code', (definition) => {
  it('stands under its own code, in a region of its partition', () => {
    expect(jurisdictions[definition.code]).toBe(definition);
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
    for (const place of definition.countries) expect(place).toMatch(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/);
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
    expect(facts(definition).length).toBe(PURPOSES.length + EVENT_CLASSES.length + 8);
    for (const { source, evidence } of facts(definition)) {
      expect(source).not.toBe('');
      expect(['primary source', 'secondary source', 'general knowledge']).toContain(evidence);
    }
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

  it('does not guess', () => {
    expect(jurisdictionOfCountry('US')).toBeUndefined();
    expect(jurisdictionOfCountry('US', 'NV')).toBeUndefined();
    expect(jurisdictionOfCountry('CA')).toBeUndefined();
    expect(jurisdictionOfCountry('')).toBeUndefined();
    expect(jurisdictionOfCountry('constructor')).toBeUndefined();
  });
});

describe('enabledOrThrow', () => {
  it('returns definitions in the order given, each once', () => {
    expect(enabledOrThrow(['uk', 'eu', 'uk']).map(({ code }) => code)).toEqual(['uk', 'eu']);
  });

  it('names what is unknown and what is known', () => {
    expect(() => enabledOrThrow(['eu', 'xx', '__proto__'])).toThrow(
      'unknown jurisdiction xx, __proto__; known jurisdictions: eu, uk, ch, us-ca, au, jp',
    );
    expect(() => enabledOrThrow([])).toThrow(/no jurisdiction is enabled/);
  });
});
