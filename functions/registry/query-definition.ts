import type { LineageRow } from '../contracts/lineage.ts';
import type { JurisdictionDefinition } from './jurisdiction-definition.ts';
import type { SourceDefinition } from './source-definition.ts';

/** What a stack knows that the archive does not: a query writes it into its own text. */
export interface QuerySetting {
  readonly jurisdiction: JurisdictionDefinition;
  readonly sources: readonly SourceDefinition[];
}

export interface QueryParameter {
  readonly meaning: string;
  /** What its text looks like. */
  readonly form: RegExp;
  /** What it is when nobody says otherwise, from today's UTC date; absent: it has to be said. */
  readonly otherwise?: (today: string) => string;
}

/**
 * A question that auditors ask of the archive. One file per query under `registry/queries`. The same text runs in Athena
 * (whose dialect is Trino's) and in DuckDB, so it keeps to what both have.
 */
export interface QueryDefinition {
  /** Letters in lower case and hyphens. */
  readonly name: string;
  readonly question: string;
  readonly parameters: Readonly<Record<string, QueryParameter>>;
  /** Parameters as `:name`, never inside quotes. Every parameter is text: cast it. Objects of the archive may hold a row
   * twice (a crash, a compaction under way), so count `DISTINCT row_id`. */
  sql(setting: QuerySetting): string;
  readonly examples: readonly QueryExample[];
}

export interface QueryExample {
  readonly why: string;
  readonly rows: readonly LineageRow[];
  /** Over the defaults. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly answer: readonly Readonly<Record<string, string | number | null>>[];
}

/** A UTC day: YYYY-MM-DD. */
export const DAY_FORM = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;

/** The days of receipt that a query looks at. Both are always in the text: without them Athena lists every hour there ever was. */
export const DAYS = {
  from: {
    meaning: 'first UTC day of receipt (YYYY-MM-DD); 30 days before today if not said',
    form: DAY_FORM,
    otherwise: (today: string) => daysBefore(today, 30),
  },
  to: {
    meaning: 'last UTC day of receipt (YYYY-MM-DD); today if not said',
    form: DAY_FORM,
    otherwise: (today: string) => today,
  },
} as const satisfies Record<string, QueryParameter>;

/** The condition that belongs to {@link DAYS}. */
export const WITHIN_DAYS = 'dt BETWEEN CAST(:from AS DATE) AND CAST(:to AS DATE)';

const daysBefore = (utcDate: string, days: number): string =>
  new Date(Date.parse(`${utcDate}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);

/** A text as SQL has it. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export interface CompiledQuery {
  /** With `?` for each parameter. */
  readonly text: string;
  /** Names of the parameters in the order of their `?`; one may come more than once. */
  readonly order: readonly string[];
}

/**
 * A query as Athena and DuckDB take it.
 * @throws Error when its text names a parameter that it does not declare: a fault of the entry, found by its test
 */
export function compileQuery(query: QueryDefinition, setting: QuerySetting): CompiledQuery {
  const order: string[] = [];
  const text = query.sql(setting).replace(/'(?:[^']|'')*'|:([a-z_]+)/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole;
    if (!Object.hasOwn(query.parameters, name)) throw new Error(`${query.name} does not declare :${name}`);
    order.push(name);
    return '?';
  });
  return { text: text.trim(), order };
}
