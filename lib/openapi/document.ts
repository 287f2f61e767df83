import * as z from 'zod';
import type { FlowFunction, HttpRoute } from '../../functions/flow/triggers.ts';
import { flow } from '../../functions/flow.ts';
import { collectDescriptions, type Description, JSON_TYPE, operationsDescriptions } from './operations.ts';
import { type SchemaName, schemas } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

/** JSON Schema of a contract, as a client sees it: what may be left out is optional, and answers may grow. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema: part }) => {
      // The pattern repeats what the format says, at great length.
      if (part.format === 'date-time') delete part.pattern;
    },
  });
  return made;
}

const refTo = (kind: 'schemas' | 'responses', name: string): Json => ({
  $ref: `#/components/${kind}/${name}`,
});
const content = (types: Readonly<Record<string, SchemaName>>): Json =>
  Object.fromEntries(Object.entries(types).map(([type, name]) => [type, { schema: refTo('schemas', name) }]));

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): readonly Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema) as {
    properties?: Readonly<Record<string, Json>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...described }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: described,
  }));
}

function operationOf(api: 'collect' | 'operations', route: HttpRoute, described: Description): Json {
  const parameters = [...parametersOf(described.path, 'path'), ...parametersOf(described.query, 'query')];
  const isOperations = api === 'operations';
  const refusals = [...described.problems, ...(isOperations ? [401, 403] : []), 429, 500, 503].sort(
    (a, b) => a - b,
  );
  return {
    operationId: described.operationId,
    tags: [api],
    summary: described.summary,
    ...(described.description === undefined ? {} : { description: described.description }),
    security: isOperations
      ? [{ token: route.scope === undefined ? [] : [route.scope] }]
      : [{ writeKeyBasic: [] }, { writeKeyBearer: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(described.body === undefined
      ? {}
      : { requestBody: { required: true, content: content(described.body) } }),
    responses: {
      [described.status ?? 200]: {
        description: described.status === 202 ? 'Safely queued.' : 'Done.',
        content: content({ [JSON_TYPE]: described.answer }),
      },
      ...Object.fromEntries(
        refusals.map((status) => [
          status,
          isOperations && (status === 401 || status === 403)
            ? refTo('responses', status === 401 ? 'NoToken' : 'NoScope')
            : refTo('responses', RESPONSES[status] ?? 'Unexpected'),
        ]),
      ),
    },
  };
}

const RESPONSES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'UnknownWriteKey',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  413: 'TooLarge',
  421: 'Misdirected',
  429: 'TooMany',
  500: 'Unexpected',
  503: 'Unavailable',
};

const problemAnswer = (description: string, waits = false): Json => ({
  description,
  ...(waits
    ? { headers: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } } }
    : {}),
  content: content({ 'application/problem+json': 'Problem' }),
});

const responses: Readonly<Record<string, Json>> = {
  BadRequest: problemAnswer('The request as a whole can not be read; a retry does not help.'),
  UnknownWriteKey: problemAnswer('The write key is missing, wrong or revoked.'),
  NotFound: problemAnswer('There is no such thing here.'),
  Conflict: problemAnswer('It contradicts what is known.'),
  Gone: problemAnswer('It was handed over already, or is no more.'),
  TooLarge: problemAnswer('The body is larger than 10 MB.'),
  Misdirected: {
    description:
      "Every event is another jurisdiction's resident's; nothing was kept. Receipts name the right endpoint.",
    content: content({ [JSON_TYPE]: 'CollectAnswer' }),
  },
  TooMany: problemAnswer('Above the rate; try again later.', true),
  Unexpected: problemAnswer('A fault of ours, logged under `errorId`.'),
  Unavailable: problemAnswer('A service we need is not answering; try again later.', true),
  NoToken: { description: 'The token is missing, expired or from another issuer.' },
  NoScope: { description: 'The token lacks the scope of the route.' },
};

const securitySchemes = {
  writeKeyBasic: {
    type: 'http',
    scheme: 'basic',
    description:
      "A source's write key as the user name, with an empty password, as Segment's clients send it.",
  },
  writeKeyBearer: { type: 'http', scheme: 'bearer', description: "A source's write key." },
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      "An access token of the stack's OIDC issuer and audience, with the scope that the route names.",
  },
};

const serverOf = (api: 'collect' | 'operations'): Json => ({
  url: 'https://{host}',
  description: `The ${api} API of one jurisdiction`,
  variables: { host: { default: `${api}.example`, description: 'Of an output of the deployed stack.' } },
});

/** The OpenAPI 3.1 document of both HTTP APIs: paths, methods and scopes from the map, bodies from the contracts.
 * @throws Error when the map has a route that is not described here */
export function openApi(): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { trigger } of Object.values(flow) as readonly FlowFunction[]) {
    if (trigger.kind !== 'http') continue;
    const descriptions: Readonly<Record<string, Description>> =
      trigger.api === 'collect' ? collectDescriptions : operationsDescriptions;
    for (const route of trigger.routes) {
      const described = descriptions[`${route.method} ${route.path}`];
      if (described === undefined) throw new Error(`${route.method} ${route.path} is not described`);
      paths[route.path] = {
        ...paths[route.path],
        servers: [serverOf(trigger.api)],
        [route.method.toLowerCase()]: operationOf(trigger.api, route, described),
      };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rapport',
      version: '1',
      description:
        'One pair of APIs per jurisdiction: `collect` takes behavioural signals, `operations` answers operational systems. Identifiers travel in bodies, never in URLs.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [
      { name: 'collect', description: 'Takes signals: the Segment wire API and CloudEvents 1.0.' },
      { name: 'operations', description: 'Profiles, alerts, receipts and the quarantine.' },
    ],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, jsonSchema(schema)]),
      ),
      responses,
      securitySchemes,
    },
  };
}
