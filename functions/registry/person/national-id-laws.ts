import type { Sourced } from '../jurisdiction-definition.ts';
import { general, secondary } from '../sourced.ts';

/** What a number is called and what the law says of companies that use it. For counsel to confirm. */
interface NumberLaw {
  readonly name: string;
  readonly law: Sourced<string>;
  /** Where the check is described, of a number that is kept. */
  readonly check?: string;
}

const rule = (name: string, text: string, source: string): NumberLaw => ({
  name,
  law: general(text, source),
});
/** The number stands on an invoice, so a shop has it. */
const invoiced = (name: string, source: string, check: string): NumberLaw => ({
  name,
  law: general('the number stands on an invoice', source),
  check,
});
const kept = (name: string, text: string, source: string, check: string): NumberLaw => ({
  ...rule(name, text, source),
  check,
});

/** What is read of Union law in: Bird & Bird, "GDPR Tracker: national identification numbers" (2018). */
const TRACKER = 'Bird & Bird GDPR Tracker, national identification numbers';

/**
 * Why a country's numbers are kept or refused, for every country of the jurisdictions whose numbers are its own. The GDPR leaves
 * the rule to its states (art. 87). Apart from `national-ids.ts`, which every event passes, so that functions do not carry it.
 */
export const nationalIdLaws: Readonly<Record<string, NumberLaw>> = {
  AT: rule(
    'Sozialversicherungsnummer',
    'for social insurance; other uses need a law',
    'ASVG § 31, E-GovG § 8',
  ),
  AU: rule(
    'tax file number, Medicare number',
    'no organisation may adopt a government identifier as its own',
    'Privacy Act 1988 APP 9; Privacy (Tax File Number) Rule 2015',
  ),
  BE: rule('rijksregisternummer', 'needs an authorisation', 'Wet van 8 augustus 1983 art. 8 and 13'),
  BG: kept(
    'ЕГН',
    'may be used; may not be the only means to identify somebody online',
    'Закон за защита на личните данни, art. 25ж',
    'ГРАО, структура на ЕГН: weights 2 4 8 5 10 9 7 3 6, modulo 11',
  ),
  BR: invoiced(
    'CPF',
    'Ajuste SINIEF 19/2016 (NFC-e)',
    'Receita Federal, modulo 11 (Instrução Normativa RFB 2172/2024)',
  ),
  CA: rule(
    'social insurance number',
    'not a general identifier; for income reporting and what a law names',
    'Office of the Privacy Commissioner, "Social Insurance Numbers"; Income Tax Act s. 237',
  ),
  CH: rule('AHV-Nummer', 'for authorities and those a law names', 'AHVG art. 153c'),
  CN: rule('居民身份证号码', 'sensitive: needs a separate consent', 'PIPL art. 28 and 29'),
  CY: rule('identity card number', 'no check digit is published', 'none found'),
  CZ: rule('rodné číslo', 'needs a law or the consent of its holder', 'zákon 133/2000 Sb. § 13c'),
  DE: rule(
    'steuerliche Identifikationsnummer',
    'for tax authorities and what a law names; anything else is fined',
    'AO § 139b(2), § 383a',
  ),
  DK: {
    name: 'CPR-nummer',
    law: secondary(
      'needs a law or an explicit consent; numbers since 2007 may fail modulo 11 besides',
      `databeskyttelsesloven § 11(2); ${TRACKER}`,
    ),
  },
  EE: kept(
    'isikukood',
    'no condition beyond GDPR art. 6',
    'isikuandmete kaitse seadus',
    'EVS 585: modulo 11 in two passes',
  ),
  ES: invoiced(
    'DNI or NIE',
    'Real Decreto 1619/2012 art. 6(1)(d)',
    'Ministerio del Interior, "Cálculo del dígito de control del NIF-NIE"',
  ),
  FI: {
    name: 'henkilötunnus',
    law: secondary(
      'where it matters to tell people apart for rights and duties of customer or company',
      `tietosuojalaki 1050/2018 § 29; ${TRACKER}`,
    ),
    check: 'Digi- ja väestötietovirasto, "Henkilötunnus": modulo 31',
  },
  FR: {
    name: 'NIR',
    law: secondary('for purposes that a decree names', `Décret 2019-341; ${TRACKER}`),
  },
  GB: rule(
    'National Insurance number, NHS number',
    'for tax and benefits, and for care; the former has no check digit',
    'HMRC, "National Insurance"; Health and Social Care (Safety and Quality) Act 2015 s. 2',
  ),
  GR: invoiced(
    'ΑΦΜ',
    'Law 4308/2014 art. 9(1)',
    'ΑΑΔΕ: powers of two, modulo 11; as in python-stdnum `gr.vat`',
  ),
  HR: kept(
    'OIB',
    'for records and exchange in the ordinary course of business',
    'Zakon o osobnom identifikacijskom broju (NN 60/08)',
    'Porezna uprava: ISO 7064, MOD 11,10',
  ),
  HU: rule('személyi azonosító', 'for those a law names', '1996. évi XX. törvény'),
  IE: rule(
    'PPSN',
    'for specified bodies; any other use is an offence',
    'Social Welfare Consolidation Act 2005 s. 262',
  ),
  IN: rule(
    'Aadhaar, PAN',
    'private use of Aadhaar was struck down; the check letter of a PAN is not public',
    'Puttaswamy v. Union of India (2018) on s. 57; Aadhaar Act 2016 s. 8 and 29',
  ),
  IS: kept(
    'kennitala',
    'where there is a fair purpose and it is needed to tell people apart',
    'lög nr. 90/2018 art. 13',
    'Þjóðskrá: weights 3 2 7 6 5 4 3 2, modulo 11',
  ),
  IT: invoiced(
    'codice fiscale',
    'DPR 633/1972 art. 21(2)(f)',
    'DM 23 dicembre 1976, "Sistemi di codificazione dei soggetti da iscrivere all\'anagrafe tributaria"',
  ),
  JP: rule('Individual Number', 'for social security, tax and disasters', 'Act 27 of 2013 art. 9, 15 and 20'),
  KR: rule('resident registration number', 'needs a law, whatever the consent', 'PIPA art. 24-2'),
  LI: rule('Personenidentifikationsnummer', 'no check digit is published', 'none found'),
  LT: kept(
    'asmens kodas',
    'may be used; not for direct marketing, and never made public',
    'Asmens duomenų teisinės apsaugos įstatymas art. 3',
    'Gyventojų registras: modulo 11 in two passes',
  ),
  LU: rule('matricule', 'for public bodies and those a law names', 'Loi du 19 juin 2013 art. 2'),
  LV: kept(
    'personas kods',
    'no condition beyond GDPR art. 6; those since 2017 have no check digit',
    'Fizisko personu datu apstrādes likums',
    'python-stdnum `lv.pvn`, which says that no second source confirms it',
  ),
  MT: rule('identity card number', 'no check digit is published', 'none found'),
  NL: rule('BSN', 'only where a law prescribes it', 'UAVG art. 46; Wabb art. 10'),
  NO: kept(
    'fødselsnummer or D-nummer',
    'where there is a fair need to tell people apart for certain',
    'personopplysningsloven § 12',
    'Skatteetaten: two digits, modulo 11',
  ),
  PL: kept(
    'PESEL',
    'no condition beyond GDPR art. 6',
    'ustawa z 24 września 2010 r. o ewidencji ludności art. 15',
    'the same art. 15 and gov.pl, "Czym jest numer PESEL": weights 1 3 7 9, modulo 10',
  ),
  PT: invoiced(
    'NIF',
    'CIVA art. 36(5)(a)',
    'Decreto-Lei 14/2013 art. 13: nine digits, the last a check digit',
  ),
  RO: {
    name: 'CNP',
    law: secondary(
      'also by legitimate interest, with a data protection officer, fixed periods and training',
      'Legea 190/2018 art. 4; CEE Legal Matters, "GDPR: Disruption of Common Business Practices"',
    ),
    check: 'python-stdnum `ro.cnp`: weights 279146358279, modulo 11',
  },
  SA: kept(
    'national identity or residence number',
    'no rule on the number itself; copies of the document are restricted',
    'PDPL art. 28',
    'common knowledge of validators: Luhn',
  ),
  SE: kept(
    'personnummer or samordningsnummer',
    'where clearly justified by the need to tell people apart for certain',
    'lag (2018:218) 3 kap. 10 §',
    'Skatteverket, "Personnummer": Luhn',
  ),
  SG: rule(
    'NRIC number',
    'only where a law asks for it or identity must be proven to a high degree',
    'PDPC, "Advisory Guidelines on the PDPA for NRIC and other National Identification Numbers"',
  ),
  SI: rule('EMŠO', 'needs a law or consent', 'Zakon o centralnem registru prebivalstva; ZVOP-2'),
  SK: rule('rodné číslo', 'needs necessity and an explicit consent', 'zákon 18/2018 Z. z. § 78(4)'),
  US: rule(
    'Social Security number',
    'restricted by state laws; has no check digit besides',
    'e.g. Cal. Civ. Code § 1798.85; 42 U.S.C. § 405(c)(2)(C)',
  ),
  ZA: kept(
    'identity number',
    'may be used; to link it with what others hold needs prior authorisation',
    'POPIA s. 57(1)(a)',
    'Identification Act 68 of 1997; Luhn',
  ),
};
