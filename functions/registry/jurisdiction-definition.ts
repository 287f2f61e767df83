import type { Purpose } from '../contracts/purposes.ts';
import type { EventClass } from '../contracts/signal.ts';
import type { Period } from './period.ts';

/** How sure the researched fact is; `general knowledge` is to be confirmed by counsel first. */
export type Evidence = 'primary source' | 'secondary source' | 'general knowledge';

/** A legal fact with where it comes from. These are defaults for counsel to confirm, not legal advice. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
  readonly evidence: Evidence;
}

export interface Retention {
  readonly minDays: number;
  readonly maxDays: number;
  readonly basis: string;
}

/** `contract`: lawful because the customer asked for it · `opt-in`: denied until chosen · `opt-out`: allowed until
 * refused · `legitimate-interest`: allowed until objected to. */
export type LawfulDefault = 'contract' | 'opt-in' | 'opt-out' | 'legitimate-interest';

/** When the time to answer starts. `from-receipt`: at receipt, whatever else is missing ·
 * `from-receipt-stops-for-person`: at receipt, and it stands still while the person is asked for something needed ·
 * `from-verification`: once the person's identity is established. */
export type RightsClock = 'from-receipt' | 'from-receipt-stops-for-person' | 'from-verification';

/** Time that may be added to the time to answer. The person must be told within the time that is extended. */
export interface Extension extends Period {
  /** Who decides on it. `controller`: whoever deployed the stack, on its own · `regulator`: only with its leave. */
  readonly by: 'controller' | 'regulator';
}

/** How bad a breach must be for a clock to run. `any` · `risk`: a risk to people is not unlikely · `high-risk`: a high
 * risk to people · `serious`: serious harm is likely, or the law's own scale calls it significant. */
export type Seriousness = 'any' | 'risk' | 'high-risk' | 'serious';

/** Time for one duty to tell of a breach. */
export interface BreachClock {
  /** Null: the law says "as soon as possible" or the like, and gives no number. */
  readonly within: Period | null;
  /** `awareness`: the breach became known · `assessment`: it was assessed as notifiable · `notice-to-people`: the people
   * concerned were told. */
  readonly from: 'awareness' | 'assessment' | 'notice-to-people';
  readonly seriousness: Seriousness;
  /** The duty begins with this many people concerned. */
  readonly peopleMin?: number;
}

/** Purposes that are denied to somebody younger than `underAge`, whatever the lawful default says, unless … `guardian`:
 * a parent or guardian allows it · `person`: the minor personally opts in · `never`: nobody can allow it. */
export interface MinorRule {
  readonly underAge: number;
  readonly purposes: readonly Purpose[];
  readonly unless: 'guardian' | 'person' | 'never';
}

/** A change of a person's record of which the law has its recipients told. */
export type ChangeOfRecord = 'correction' | 'erasure' | 'restriction';

export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';

/** What one jurisdiction's stack must do by law. */
interface Law {
  /** Lower-case code, also the stack's: `Rapport-<code>`. */
  readonly code: string;
  readonly name: string;
  readonly law: string;
  /** ISO 3166 codes; a subdivision (`US-CA`) wins over its country. */
  readonly countries: readonly string[];
  /** Subdivisions of these countries in which another law applies that the product does not know. */
  readonly exceptPlaces?: readonly string[];
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name, for hours of day and for the days of deadlines. */
  readonly timeZone: string;
  /** Days of the week that are not business days. Public holidays are the deployer's configuration. */
  readonly weekend: Sourced<readonly Weekday[]>;
  readonly purposes: Readonly<Record<Purpose, Sourced<LawfulDefault>>>;
  readonly identity: Sourced<{
    readonly deterministic: true;
    /** `off`: never · `review`: a person decides on each probable match · `on`: strong ones link by themselves. Whatever it
     * says, nobody is compared who may not be profiled. */
    readonly probabilistic: 'off' | 'review' | 'on';
  }>;
  /** Purposes that `Sec-GPC: 1` denies. */
  readonly globalPrivacyControl: Sourced<readonly Purpose[]>;
  /** How an explicit consent stands against `Sec-GPC: 1`. `once-given`: one given after the first signal stands, also
   * against later ones · `until-next-signal`: the next signal takes it back (absent: this one, being the stricter). */
  readonly consentOverGpc?: Sourced<'once-given' | 'until-next-signal'>;
  readonly retention: Readonly<Record<EventClass, Sourced<Retention>>>;
  /** What a request for erasure does to what is younger than its minimum retention. `erase`: erases it all the same ·
   * `restrict-until-floor`: nobody uses it any more, and it is erased once the minimum has passed. */
  readonly earlyErasure: Sourced<'erase' | 'restrict-until-floor'>;
  readonly rights: Sourced<{
    readonly answerIn: Period;
    readonly extension: Extension | null;
    readonly clock: RightsClock;
    /** False: no general right to erasure; a request for it becomes a restriction. */
    readonly erasure: boolean;
  }>;
  /** Changes of which those have to be told to whom the person's record was disclosed. */
  readonly recipientsTold: Sourced<readonly ChangeOfRecord[]>;
  /** Time to confirm that a request has come; null: no duty of its own. */
  readonly acknowledgeIn: Sourced<Period | null>;
  /** Time to put an opt-out into effect; null: that of any other request. */
  readonly optOutIn: Sourced<Period | null>;
  /** How long the record of requests and their answers is kept, and that of breaches. */
  readonly logs: Sourced<{ readonly requestDays: number; readonly breachDays: number }>;
  readonly breach: Sourced<{
    readonly regulator: readonly BreachClock[];
    readonly people: readonly BreachClock[];
    readonly rule: string;
  }>;
  readonly minors: Sourced<{
    readonly denied: readonly MinorRule[];
    readonly rule: string;
  }>;
  readonly automatedDecisions: Sourced<
    readonly ('explain' | 'human-review' | 'refuse' | 'appeal' | 'disclose')[]
  >;
  readonly transfers: Sourced<string>;
  /** Smallest group of people that an aggregate which leaves the jurisdiction may describe. */
  readonly aggregateThreshold: Sourced<number>;
}

/** A law with a place for its stack. */
export interface DeployableJurisdiction extends Law {
  readonly partition: 'aws' | 'aws-cn' | 'aws-eusc';
  readonly region: string;
}

/** A law whose residents are known, and so refused elsewhere, but for which no stack can stand anywhere yet. */
export interface UndeployableJurisdiction extends Law {
  readonly partition: 'aws' | 'aws-cn' | 'aws-eusc';
  readonly region: null;
  /** Why, and what would change it: one line, shown to whoever enables it. */
  readonly notDeployable: string;
}

/** One file per jurisdiction under `registry/jurisdictions`. */
export type JurisdictionDefinition = DeployableJurisdiction | UndeployableJurisdiction;
