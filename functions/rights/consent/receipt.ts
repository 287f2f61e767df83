import type { ExplicitChoice } from '../../contracts/consent.ts';
import type { ConsentReceipt } from '../../contracts/consents-api.ts';
import type { SubjectId } from '../../contracts/ids.ts';
import type { ConsentDepth, Purpose } from '../../contracts/purposes.ts';
import type { EventClass } from '../../contracts/signal.ts';
import { stableId } from '../../kernel/codec.ts';
import type { JurisdictionDefinition, LawfulDefault } from '../../registry/jurisdiction-definition.ts';

/** What a receipt is made of: one act about one purpose, and what nobody but the caller of the API may know of it. */
export interface Act {
  readonly subjectId: SubjectId;
  readonly purpose: Purpose;
  readonly choice: ExplicitChoice;
  /** Acts about the same purpose from before, newest first, as far as they are remembered. */
  readonly earlier: readonly ExplicitChoice[];
  readonly language: string | null;
  readonly recorder: string | null;
}

const BASIS: Readonly<Record<LawfulDefault, string>> = {
  contract: 'contract',
  'opt-in': 'consent',
  'opt-out': 'opt-out',
  'legitimate-interest': 'legitimate interest',
};

/** What is done with the data at each depth. */
const METHODS: Readonly<Record<ConsentDepth, readonly string[]>> = {
  none: [],
  basic: ['collect', 'store', 'count'],
  full: ['collect', 'store', 'count', 'infer'],
};

interface Scope {
  readonly label: string;
  /** Of what the product keeps, not of what a sender may send. */
  readonly kinds: readonly string[];
  /** The event class whose retention bounds it. */
  readonly kept: EventClass;
}

const SCOPES: Readonly<Record<Purpose, Scope>> = {
  service: {
    label: 'doing what the customer asked for',
    kinds: ['orders', 'contacts', 'deliveries'],
    kept: 'transaction',
  },
  analytics: { label: 'measuring our own operations', kinds: ['visits'], kept: 'behaviour' },
  personalisation: {
    label: 'adapting what this customer is shown or offered',
    kinds: ['visits', 'carts'],
    kept: 'behaviour',
  },
  profiling: {
    label: 'evaluating this customer',
    kinds: ['visits', 'orders', 'contacts'],
    kept: 'behaviour',
  },
  automatedDecisions: {
    label: 'decisions without a human',
    kinds: ['scores', 'segments'],
    kept: 'behaviour',
  },
  sharing: { label: 'giving or selling data on', kinds: ['segments'], kept: 'behaviour' },
};

const CONTROLLER = 'controller';
const RECORDER = 'recorder';

const SCHEMA = 'ISO/IEC TS 27560:2023';
/** The organisation is who uses the product, and says these things of itself where the choice is made. */
const IN_THE_NOTICE = 'as the privacy notice gives it';

/**
 * The receipt of one act: a copy of its whole record, in the information structure of ISO/IEC TS 27560:2023. The names of
 * all fields, and which of them are mandatory, are those that the published guide of the W3C community group for data privacy
 * vocabularies lists by clause of the standard: privacy notice to privacy rights in 6.3.4, data in 6.3.5, parties in 6.3.6,
 * events in 6.3.7 (final report of 2024-08-01, "Mappings of Terms",
 * https://www.w3.org/community/reports/dpvcg/CG-FINAL-guide-27560-20240801/). The guide does not name the groups of fields;
 * ours are `receipt`, `record`, `pii_processing`, `party_identification` and `event`. The record names the customer by a
 * pseudonym of this jurisdiction, and holds no identifier. `depth` is an addition of ours, as the structure allows.
 */
export function receiptOf(act: Act, law: JurisdictionDefinition): ConsentReceipt {
  const { purpose, choice, recorder } = act;
  const { label, kinds, kept } = SCOPES[purpose];
  const { days, region } = { days: law.retention[kept].value.maxDays, region: law.region };
  const recordId = recordIdOf(choice, purpose);
  return {
    receipt: { schema_version: SCHEMA, receipt_id: stableId('receipt', act.subjectId, recordId) },
    record: {
      schema_version: SCHEMA,
      record_id: recordId,
      pii_principal_id: act.subjectId,
    },
    pii_processing: {
      privacy_notice: choice.notice,
      language: act.language,
      purposes: [
        {
          purpose: label,
          purpose_type: purpose,
          lawful_basis: BASIS[law.purposes[purpose].value],
          depth: choice.depth,
          pii_information: kinds.map((kind) => ({
            pii_type: kind,
            pii_optional: purpose !== 'service',
            sensitive_pii_category: false,
            special_pii_category: false,
          })),
          pii_controllers: [CONTROLLER],
          collection_method: ['observed from use of the service', 'provided by the individual'],
          processing_method: [...METHODS[choice.depth]],
          storage_locations: region === null ? [] : [region],
          retention_period: `P${days}D`,
          processing_locations: region === null ? [] : [region],
          geographic_restrictions: [law.code],
          jurisdiction: law.code,
          recipient_third_parties: [],
          withdrawal_method: 'at any time, wherever choices are taken, or by the browser (Sec-GPC)',
          privacy_rights: ['access', ...(law.rights.value.erasure ? ['erasure'] : ['restriction'])],
        },
      ],
    },
    party_identification: [
      {
        party_id: CONTROLLER,
        party_address: IN_THE_NOTICE,
        party_name: 'the organisation named in the privacy notice',
        party_role: 'PII controller',
        party_contact: IN_THE_NOTICE,
        party_type: 'organisation',
      },
      ...(recorder === null
        ? []
        : [
            {
              party_id: RECORDER,
              party_address: IN_THE_NOTICE,
              party_name: recorder,
              party_role: 'recorder',
              party_contact: IN_THE_NOTICE,
              party_type: 'system or role',
            },
          ]),
    ],
    event: [
      ...act.earlier
        .toReversed()
        .map((each, index, all) => eventOf(act.subjectId, each, all.slice(0, index))),
      eventOf(act.subjectId, choice, act.earlier),
    ],
  };
}

/** Names the record of one act about one purpose, wherever it is told. */
export const recordIdOf = ({ ref }: Pick<ExplicitChoice, 'ref'>, purpose: Purpose): string =>
  `${ref}.${purpose}`;

const isGiven = ({ depth }: ExplicitChoice): boolean => depth !== 'none';

function eventOf(
  subjectId: SubjectId,
  choice: ExplicitChoice,
  before: readonly ExplicitChoice[],
): ConsentReceipt['event'][number] {
  return {
    event_time: new Date(choice.at).toISOString(),
    // Until it is taken back.
    validity_duration: null,
    entity_id: choice.guardian ? 'guardian' : subjectId,
    event_type: 'explicit',
    event_state: isGiven(choice) ? 'given' : before.some(isGiven) ? 'withdrawn' : 'refused',
  };
}
