import type * as z from 'zod';
import { conflictsQuerySchema } from '../../functions/contracts/conflicts-api.ts';
import { reviewPathSchema, reviewsQuerySchema } from '../../functions/contracts/identity-api.ts';
import {
  incidentPathSchema,
  incidentQuerySchema,
  incidentsQuerySchema,
} from '../../functions/contracts/incidents-api.ts';
import {
  alertPathSchema,
  alertsQuerySchema,
  subjectPathSchema,
} from '../../functions/contracts/operations.ts';
import { privacyRequestPathSchema } from '../../functions/contracts/privacy-requests-api.ts';
import { quarantineQuerySchema } from '../../functions/contracts/quarantine-api.ts';
import type { HttpRoute } from '../../functions/flow/triggers.ts';
import type { flow } from '../../functions/flow.ts';
import type { SchemaName } from './schemas.ts';

/** What the map does not know about an operation: what it is for, and what goes in and comes out. */
export interface Description {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** By content type. */
  readonly body?: Readonly<Record<string, SchemaName>>;
  readonly answer: SchemaName;
  /** Of the answer; absent: 200. */
  readonly status?: 202;
  /** Problems of the function itself, besides those that every route has. */
  readonly problems: readonly (400 | 401 | 404 | 409 | 410 | 413 | 421)[];
}

type PathOf<Id extends 'collect' | 'serve' | 'quarantine' | 'derive' | 'privacy' | 'incidents'> =
  (typeof flow)[Id]['trigger']['routes'][number];
type KeyOf<R> = R extends HttpRoute ? `${R['method']} ${R['path']}` : never;
type OperationsKey = KeyOf<PathOf<'serve' | 'quarantine' | 'derive' | 'privacy' | 'incidents'>>;

export const JSON_TYPE = 'application/json';
const segmentCall = (type: string): Description => ({
  operationId: type,
  summary: `Sends one ${type} call of the Segment wire API`,
  body: { [JSON_TYPE]: 'SegmentEvent' },
  answer: 'CollectAnswer',
  problems: [400, 401, 413, 421],
});

export const collectDescriptions: Readonly<Record<string, Description>> = {
  'POST /v1/batch': {
    ...segmentCall('batch'),
    summary: 'Sends many calls of the Segment wire API',
    description:
      'Up to 10 MB, gzipped or not. Bad events are quarantined one by one and the rest go on; each gets a receipt.',
    body: { [JSON_TYPE]: 'SegmentBatch' },
  },
  ...Object.fromEntries(
    ['track', 'identify', 'page', 'screen', 'group', 'alias'].map((type) => [
      `POST /v1/${type}`,
      segmentCall(type),
    ]),
  ),
  'POST /v1/events': {
    operationId: 'events',
    summary: 'Sends CloudEvents 1.0: structured, batched, or binary (attributes in ce- headers)',
    body: {
      'application/cloudevents+json': 'CloudEvent',
      'application/cloudevents-batch+json': 'CloudEvents',
    },
    answer: 'CollectAnswer',
    problems: [400, 401, 413, 421],
  },
};

export const operationsDescriptions: Readonly<Record<OperationsKey, Description>> = {
  'POST /v1/profiles/lookup': {
    operationId: 'lookupProfile',
    summary: "Answers a customer's profile by identifiers",
    description:
      'Identifiers may come in any order and need not all be known. When they lead to different customers the answer is 409. What the customer has not permitted is left out and named in `notComputed`. Of a customer of whom processing is restricted the answer reads as of one who was never seen, and `notComputed` says so. With the scope `attributes:read` too, it holds what is known of the person, and which values contradict each other.',
    body: { [JSON_TYPE]: 'ProfileLookup' },
    answer: 'Profile',
    problems: [400, 404, 409],
  },
  'GET /v1/subjects/{subjectId}': {
    operationId: 'getSubject',
    summary: "Answers a customer's profile by subject id",
    description: 'An id from before a merge leads to the subject as it is now.',
    path: subjectPathSchema,
    answer: 'Profile',
    problems: [404],
  },
  'POST /v1/identity/conflicts/settle': {
    operationId: 'settleAttribute',
    summary: "Says which value of a customer's attribute is true",
    description:
      'For a conflict between what the customer says and what a system logged, or to correct a value. It holds until something newer is stated. Safe to repeat.',
    body: { [JSON_TYPE]: 'Settlement' },
    answer: 'SettleAnswer',
    problems: [400, 404, 409],
  },
  'POST /v1/consents': {
    operationId: 'recordConsent',
    summary: "Records a customer's choices",
    description:
      'Safe to repeat: an act counts once. It is queued when this answers, and holds for everything from the batch on that brings it. A later act about the same purpose wins over an earlier one. Receipts are in the form of ISO/IEC TS 27560:2023.',
    body: { [JSON_TYPE]: 'ConsentRequest' },
    answer: 'ConsentAnswer',
    status: 202,
    problems: [400, 409],
  },
  'POST /v1/consents/lookup': {
    operationId: 'lookupConsent',
    summary: 'Says how every purpose stands for a customer, and by what',
    description:
      'Also for a customer who is not known here: then the law alone decides. When the identifiers lead to different customers the answer is 409.',
    body: { [JSON_TYPE]: 'ConsentLookup' },
    answer: 'Consent',
    problems: [400, 409],
  },
  'GET /v1/alerts': {
    operationId: 'listAlerts',
    summary: 'Lists alerts, newest first',
    description: 'A page may hold fewer than `limit`; the last one has no cursor.',
    query: alertsQuerySchema,
    answer: 'AlertPage',
    problems: [400],
  },
  'POST /v1/alerts/{alertId}/acknowledge': {
    operationId: 'acknowledgeAlert',
    summary: 'Says that somebody looks after an open alert',
    description: 'Safe to repeat. 409 when the alert is resolved already.',
    path: alertPathSchema,
    answer: 'Alert',
    problems: [404, 409],
  },
  'POST /v1/alerts/{alertId}/resolve': {
    operationId: 'resolveAlert',
    summary: 'Says that an alert is settled, acknowledged or not',
    description: 'Safe to repeat.',
    path: alertPathSchema,
    answer: 'Alert',
    problems: [404],
  },
  'GET /v1/subjects/{subjectId}/links': {
    operationId: 'getLinks',
    summary:
      'Says why a subject is what it is: what links its identifiers, and what keeps others apart from them',
    description:
      'Names of identifiers say nothing of their values. They are taken by `POST /v1/identity/unmerge`.',
    path: subjectPathSchema,
    answer: 'Links',
    problems: [404],
  },
  'GET /v1/identity/reviews': {
    operationId: 'listReviews',
    summary: 'Lists pairs that may be one person and wait for a steward, newest first',
    query: reviewsQuerySchema,
    answer: 'ReviewPage',
    problems: [400],
  },
  'GET /v1/identity/conflicts': {
    operationId: 'listConflicts',
    summary: 'Lists customers of whom values contradict each other, newest first',
    description:
      'What a customer says against what a system logged, until somebody settles it. A page may hold fewer than `limit`; the last one has no cursor. With the scope `attributes:read` too, it holds the values.',
    query: conflictsQuerySchema,
    answer: 'ConflictPage',
    problems: [400],
  },
  'POST /v1/identity/reviews/{reviewId}': {
    operationId: 'decideReview',
    summary: 'Says whether two are one person',
    description:
      'Remembered with the subjects: later evidence cannot override it. Safe to repeat; another verdict takes the place of the first. Subjects change within seconds.',
    path: reviewPathSchema,
    body: { [JSON_TYPE]: 'ReviewDecision' },
    answer: 'Review',
    problems: [400, 404],
  },
  'POST /v1/identity/unmerge': {
    operationId: 'unmerge',
    summary: 'Takes a link away, or all that links an identifier to the rest of its subject',
    description:
      'Each side then has the profile, segments and open alerts it would have had without the link, within seconds. Seeing or matching the two again does not bring it back.',
    body: { [JSON_TYPE]: 'Unmerge' },
    answer: 'Unmerged',
    problems: [400, 404],
  },
  'GET /v1/sources': {
    operationId: 'listSources',
    summary: 'Lists the sources that may send, with their write keys',
    description: 'The keys are secrets; the scope is for those who set up sending systems.',
    answer: 'SourcePage',
    problems: [],
  },
  'POST /v1/receipts/lookup': {
    operationId: 'lookupReceipt',
    summary: 'Says how one event ended',
    description:
      '404 when no refusal is recorded: it was applied, is a duplicate of one that was, or never arrived. Records are kept for 90 days.',
    body: { [JSON_TYPE]: 'ReceiptLookup' },
    answer: 'Receipt',
    problems: [400, 404],
  },
  'POST /v1/privacy-requests': {
    operationId: 'requestPrivacy',
    summary: 'Receives a privacy request of a person or of their agent',
    description:
      'Nothing is disclosed or erased before identity, and the authority of an agent, are shown; opt-outs and objections need neither. A second open request of the same type for the same person is the first one, and so is one with the same `clientKey`.',
    body: { [JSON_TYPE]: 'PrivacyRequestBody' },
    answer: 'PrivacyRequest',
    problems: [400, 409],
  },
  'GET /v1/privacy-requests/{requestId}': {
    operationId: 'getPrivacyRequest',
    summary: 'Says where a privacy request stands and when it is due',
    path: privacyRequestPathSchema,
    answer: 'PrivacyRequest',
    problems: [404],
  },
  'POST /v1/privacy-requests/{requestId}/verification': {
    operationId: 'verifyPrivacyRequest',
    summary: 'Says whether identity, and an agent’s authority, could be shown',
    path: privacyRequestPathSchema,
    body: { [JSON_TYPE]: 'PrivacyVerification' },
    answer: 'PrivacyRequest',
    problems: [400, 404, 409],
  },
  'POST /v1/privacy-requests/{requestId}/input': {
    operationId: 'givePrivacyInput',
    summary: 'Says that the person was asked for something, or has given it',
    description: 'The clock stands meanwhile where the law says so.',
    path: privacyRequestPathSchema,
    body: { [JSON_TYPE]: 'PrivacyInput' },
    answer: 'PrivacyRequest',
    problems: [400, 404, 409],
  },
  'POST /v1/privacy-requests/{requestId}/accuracy': {
    operationId: 'judgeCorrection',
    summary: 'Says whether what a correction asks for is accurate',
    description:
      'Without a word the person’s own counts, but for birth and national id, which wait for one. `unascertained` restricts processing until another word comes; `refused` needs a lawful reason.',
    path: privacyRequestPathSchema,
    body: { [JSON_TYPE]: 'PrivacyAccuracy' },
    answer: 'PrivacyRequest',
    problems: [400, 404, 409],
  },
  'POST /v1/privacy-requests/{requestId}/lift': {
    operationId: 'liftRestriction',
    summary: 'Says that a restriction has served its purpose, and that the person was told',
    description:
      'For a restriction that a person asked for, or that stands in the place of an erasure to which there is no right. One of a minimum ends by itself, and one of a contested accuracy with the correction. The person has to be told first; what was withheld meanwhile stays withheld. Other restrictions of the same person stand. Safe to repeat.',
    path: privacyRequestPathSchema,
    body: { [JSON_TYPE]: 'PrivacyLift' },
    answer: 'PrivacyRequest',
    problems: [400, 404, 409],
  },
  'POST /v1/privacy-requests/{requestId}/extension': {
    operationId: 'extendPrivacyRequest',
    summary: 'Says that the person was told that the answer takes longer',
    path: privacyRequestPathSchema,
    body: { [JSON_TYPE]: 'PrivacyExtension' },
    answer: 'PrivacyRequest',
    problems: [400, 404, 409],
  },
  'POST /v1/privacy-requests/{requestId}/link': {
    operationId: 'linkPrivacyExport',
    summary: 'Makes a link that hands an export over once',
    description: 'It works for seven days after the export at most, and ends an earlier link.',
    path: privacyRequestPathSchema,
    answer: 'PrivacyExportLink',
    problems: [404, 409],
  },
  'POST /v1/privacy-exports': {
    operationId: 'fetchPrivacyExport',
    summary: 'Hands an export over, once per link',
    description: '410 when the link was used, has expired, or the person was erased.',
    body: { [JSON_TYPE]: 'PrivacyExportRedeem' },
    answer: 'PrivacyExport',
    problems: [400, 410],
  },
  'POST /v1/evidence/explain': {
    operationId: 'explainEvidence',
    summary: 'Derives one row of the archive again and compares it bit for bit',
    description:
      'From the archived signals and the definitions that the row names. 404 when there is no such row.',
    body: { [JSON_TYPE]: 'ExplainRequest' },
    answer: 'Explanation',
    problems: [400, 404],
  },
  'POST /v1/evidence/rebuild': {
    operationId: 'rebuildProfiles',
    summary: 'Rebuilds profiles from the archive into tables of their own, a step at a time',
    description: 'Call again with the cursor until there is none. A step that is repeated changes nothing.',
    body: { [JSON_TYPE]: 'RebuildRequest' },
    answer: 'RebuildStep',
    problems: [400, 409],
  },
  'POST /v1/evidence/rebuild/comparison': {
    operationId: 'compareRebuilt',
    summary: 'Compares what was rebuilt with what is live',
    answer: 'Comparison',
    problems: [],
  },
  'POST /v1/evidence/rebuild/clearing': {
    operationId: 'clearRebuilt',
    summary: 'Empties the tables of what was rebuilt',
    answer: 'Clearing',
    problems: [],
  },
  'POST /v1/evidence/row-refs': {
    operationId: 'lookupRowRefs',
    summary: "Says under which references the archive has a customer's rows",
    description:
      'For the months from one day to another. For auditors: with the references, the rows of one customer can be asked for in SQL.',
    body: { [JSON_TYPE]: 'RowRefsLookup' },
    answer: 'RowRefs',
    problems: [400, 404, 409],
  },
  'POST /v1/incidents': {
    operationId: 'openIncident',
    summary: 'Opens an incident of exposed personal data, with its deadlines and whom it affects',
    description:
      'Safe to repeat with the same `reference`. 409 when that names an incident of another kind or time.',
    body: { [JSON_TYPE]: 'IncidentReport' },
    answer: 'Incident',
    problems: [400, 409],
  },
  'GET /v1/incidents': {
    operationId: 'listIncidents',
    summary: 'Lists incidents, newest first',
    query: incidentsQuerySchema,
    answer: 'IncidentPage',
    problems: [400],
  },
  'GET /v1/incidents/{id}': {
    operationId: 'getIncident',
    summary: 'Answers an incident, its duties, and a page of the subjects it affects',
    path: incidentPathSchema,
    query: incidentQuerySchema,
    answer: 'Incident',
    problems: [400, 404],
  },
  'POST /v1/incidents/{id}/assess': {
    operationId: 'assessIncident',
    summary: 'Records how serious an incident is, whom it concerns, and more whom it affects',
    description:
      'Safe to repeat. Until it is assessed every deadline runs that could apply. 409 once closed.',
    path: incidentPathSchema,
    body: { [JSON_TYPE]: 'IncidentAssessment' },
    answer: 'Incident',
    problems: [400, 404, 409],
  },
  'POST /v1/incidents/{id}/notify': {
    operationId: 'recordIncidentNotice',
    summary: 'Records that the regulator or the people concerned were told',
    description: 'Safe to repeat.',
    path: incidentPathSchema,
    body: { [JSON_TYPE]: 'IncidentNotice' },
    answer: 'Incident',
    problems: [400, 404, 409],
  },
  'POST /v1/incidents/{id}/close': {
    operationId: 'closeIncident',
    summary: 'Closes an incident that is assessed and of which everybody was told',
    description: 'Safe to repeat. 409 while a duty to tell is open.',
    path: incidentPathSchema,
    answer: 'Incident',
    problems: [404, 409],
  },
  'GET /v1/quarantine': {
    operationId: 'listQuarantine',
    summary: 'Lists bad events that wait for repair, newest first',
    description: '`include=event` adds their contents and asks for the scope `quarantine:write` too.',
    query: quarantineQuerySchema,
    answer: 'QuarantinePage',
    problems: [400],
  },
  'POST /v1/quarantine/replay': {
    operationId: 'replayQuarantine',
    summary: 'Sends quarantined events on, repaired or as they are',
    description: 'Safe to repeat: an event counts once.',
    body: { [JSON_TYPE]: 'ReplayRequest' },
    answer: 'ReplayAnswer',
    problems: [400],
  },
};
