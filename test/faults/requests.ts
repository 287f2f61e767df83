import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { vi } from 'vitest';
import { kms, stepFunctions } from '../../functions/adapters/aws/clients.ts';
import { evidenceStore } from '../../functions/adapters/aws/evidence-store.ts';
import { logStore } from '../../functions/adapters/aws/log-store.ts';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { kmsSigner } from '../../functions/adapters/aws/signer.ts';
import type { PrivacyRequestView } from '../../functions/contracts/privacy-requests-api.ts';
import type { JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { handler as understand } from '../../functions/pipeline/understand/handler.ts';
import { handler as privacy } from '../../functions/rights/privacy-request/api-handler.ts';
import { handler as privacyErase } from '../../functions/rights/privacy-request/erase-handler.ts';
import { handler as privacyExport } from '../../functions/rights/privacy-request/export-handler.ts';
import { handler as privacyStep } from '../../functions/rights/privacy-request/step-handler.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { audited, signed } from '../evidence/log/logged-archive.ts';
import { context, deliver } from './deliver.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Death, deathsThatDiffer, FaultyClients } from './faulty-clients.ts';
import { type Machines, startMachines, type Task } from './machines.ts';
import { archiveNews, known } from './people.ts';

/** A request, with what is said of it before who asks is known, and after. */
export interface Play {
  readonly type: 'erase' | 'access' | 'correct' | 'restrict';
  readonly corrections?: readonly object[];
  readonly before?: (requestId: string) => Promise<unknown>;
  readonly after?: (requestId: string) => Promise<unknown>;
}

/** What a step sends onto the stream of signals is understood before the machine looks again. */
const thenStream =
  (task: Task, engines: Engines, faults: FaultyClients): Task =>
  async (event, given) => {
    const answer = await task(event, given);
    if ((answer as { readonly outcome?: string } | null)?.outcome === 'applying')
      for (let news = await engines.news('signals'); news.length > 0; news = await engines.news('signals'))
        await deliver(understand, news, faults);
    return answer;
  };

/** A stack's functions of privacy requests over the engines, with people they know, and a function that dies when told to. */
export class Stand {
  readonly #engines: Engines;
  readonly #faults: FaultyClients;
  readonly #machines: Machines;
  readonly #folder: string;
  readonly secrets: JurisdictionSecrets;

  private constructor(
    engines: Engines,
    faults: FaultyClients,
    machines: Machines,
    secrets: JurisdictionSecrets,
    folder: string,
  ) {
    this.#engines = engines;
    this.#faults = faults;
    this.#machines = machines;
    this.secrets = secrets;
    this.#folder = folder;
  }

  static async start(): Promise<Stand> {
    vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
    const engines = await startEngines();
    const faults = new FaultyClients([kms(), stepFunctions()]);
    const tasks = { privacyStep: thenStream(privacyStep, engines, faults), privacyErase, privacyExport };
    const machines = await startMachines(tasks, faults);
    const secrets = await jurisdictionSecrets();
    return new Stand(engines, faults, machines, secrets, await engines.freshArchive('evidence'));
  }

  /** Asks the function behind the API until it has an answer, as a client does. */
  async ask<Body>(routeKey: string, body: object, requestId?: string): Promise<Body> {
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await this.#faults.revive();
      const event = {
        routeKey,
        isBase64Encoded: false,
        body: JSON.stringify(body),
        ...(requestId === undefined ? {} : { pathParameters: { requestId } }),
      } as unknown as APIGatewayProxyEventV2;
      const answer = await privacy(event, context);
      if ((answer.statusCode ?? 500) < 500) return JSON.parse(answer.body ?? 'null') as Body;
    }
    throw new Error('never answered');
  }

  /** Carries a request of a person from its receipt to where it waits or ends; a function dies at some calls. */
  async #play(
    { type, corrections, before, after }: Play,
    person: string,
    deaths: readonly Death[],
  ): Promise<string> {
    this.#faults.begin(deaths);
    const { requestId } = await this.ask<PrivacyRequestView>('POST /v1/privacy-requests', {
      type,
      ...(corrections === undefined ? {} : { corrections }),
      requester: 'person',
      clientKey: `${type} of ${person}`,
      identifiers: [{ type: 'userId', value: person }],
    });
    await before?.(requestId);
    const verified = { by: 'desk', identity: { outcome: 'verified', method: 'signed-in' } };
    await this.ask('POST /v1/privacy-requests/{requestId}/verification', verified, requestId);
    await this.#machines.settled();
    await after?.(requestId);
    await this.#machines.settled();
    return requestId;
  }

  /** Plays it for one person after another: undisturbed, then with each death.
   * @returns people and requests, the undisturbed first */
  async playEach(what: Play, people: (at: number) => string) {
    await known([people(0), people(1)], this.secrets, this.#engines, this.#faults);
    // Once to start the functions, whose first calls are for their this.secrets.
    await this.#play(what, people(0), []);
    const played = [
      { person: people(1), death: null as Death | null, requestId: await this.#play(what, people(1), []) },
    ];
    const calls = [...this.#faults.calls];
    const deaths = deathsThatDiffer(calls);
    await known(
      deaths.map((_, at) => people(at + 2)),
      this.secrets,
      this.#engines,
      this.#faults,
    );
    for (const [at, death] of deaths.entries())
      played.push({
        person: people(at + 2),
        death,
        requestId: await this.#play(what, people(at + 2), [death]),
      });
    this.#faults.begin([]);
    return { played, calls };
  }

  statusOf(requestId: string): Promise<PrivacyRequestView> {
    return this.ask('GET /v1/privacy-requests/{requestId}', {}, requestId);
  }

  /** How often each kind of evidence of a request is in the archive, and that the archive is what its log says. */
  async evidenceByRequest(): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
    await archiveNews(this.#engines, this.#faults);
    const ports = {
      evidence: logStore('evidence'),
      checkpoints: evidenceStore('evidence-checkpoints'),
      signer: kmsSigner(),
    };
    await signed(ports, Date.now());
    const { findings, waiting } = await audited(ports, Date.now());
    if (findings.length > 0 || waiting > 0)
      throw new Error(`the archive is not what its log says: ${JSON.stringify(findings)}`);
    const opened = await openArchive({ eu: this.#folder });
    const rows = await opened.query<{ request: string; kind: string; n: number }>(
      `SELECT regexp_extract(reasons, 'request:([^,]+)', 1) AS request, kind, count(*)::INTEGER AS n
       FROM effects WHERE reasons LIKE 'request:%' GROUP BY ALL`,
    );
    opened.close();
    const found = new Map<string, Record<string, number>>();
    for (const { request, kind, n } of rows) found.set(request, { ...found.get(request), [kind]: n });
    return found;
  }

  /** Events about a request, each once, by name and what they say. */
  eventsAbout(requestId: string): readonly string[] {
    const own = this.#engines.events.recent().filter(({ event }) => event.detail.requestId === requestId);
    const byId = new Map(
      own.map(({ event }) => [event.detail.id, `${event['detail-type']} ${event.detail.detail}`]),
    );
    return [...byId.values()].sort();
  }

  async stop(): Promise<void> {
    vi.restoreAllMocks();
    await this.#machines.states.stop();
    await this.#engines.stop();
  }
}
