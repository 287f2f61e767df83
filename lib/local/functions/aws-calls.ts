import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { CallReport } from './protocol.ts';

/** Names one S3 request.
 * @returns the API operation, and the IAM action it needs (they differ: HeadObject needs s3:GetObject). */
export function s3Operation(
  method: string,
  path: string,
  copies: boolean,
): { readonly operation: string; readonly action: string } {
  const [name = '', search = ''] = path.split('?');
  const query = new URLSearchParams(search);
  const onObject = name.split('/').filter((part) => part !== '').length > 1;
  const same = (operation: string, action = operation): { operation: string; action: string } => ({
    operation,
    action: `s3:${action}`,
  });
  if (!onObject) {
    if (method === 'POST' && query.has('delete')) return same('DeleteObjects', 'DeleteObject');
    if (method === 'GET' && query.has('versions')) return same('ListObjectVersions', 'ListBucketVersions');
    if (method === 'GET' && query.has('uploads'))
      return same('ListMultipartUploads', 'ListBucketMultipartUploads');
    if (method === 'HEAD') return same('HeadBucket', 'ListBucket');
    return method === 'GET' ? same('ListObjectsV2', 'ListBucket') : same(`${method} bucket`);
  }
  const verb = { GET: 'Get', HEAD: 'Get', PUT: 'Put', DELETE: 'Delete', POST: 'Post' }[method] ?? method;
  for (const [parameter, noun] of [
    ['retention', 'Retention'],
    ['legal-hold', 'LegalHold'],
    ['tagging', 'Tagging'],
    ['acl', 'Acl'],
  ] as const) {
    if (query.has(parameter)) return same(`${verb}Object${noun}`);
  }
  if (query.has('uploadId')) {
    if (method === 'PUT') return same('UploadPart', 'PutObject');
    if (method === 'DELETE') return same('AbortMultipartUpload');
    return method === 'POST'
      ? same('CompleteMultipartUpload', 'PutObject')
      : same('ListParts', 'ListMultipartUploadParts');
  }
  if (method === 'POST' && query.has('uploads')) return same('CreateMultipartUpload', 'PutObject');
  if (method === 'PUT' && copies) return same('CopyObject', 'PutObject');
  if (method === 'HEAD') return same('HeadObject', 'GetObject');
  const version = query.has('versionId') && (method === 'GET' || method === 'DELETE') ? 'Version' : '';
  return same(`${verb}Object`, `${verb}Object${version}`);
}

const PARTIQL: Readonly<Record<string, string>> = {
  INSERT: 'dynamodb:PartiQLInsert',
  UPDATE: 'dynamodb:PartiQLUpdate',
  DELETE: 'dynamodb:PartiQLDelete',
  SELECT: 'dynamodb:PartiQLSelect',
};
const TRANSACT: Readonly<Record<string, string>> = {
  Put: 'dynamodb:PutItem',
  Update: 'dynamodb:UpdateItem',
  Delete: 'dynamodb:DeleteItem',
  ConditionCheck: 'dynamodb:ConditionCheckItem',
};

/** IAM actions of DynamoDB operations that are authorised by what their body holds. */
export function actionsInBody(operation: string, body: string): readonly string[] {
  if (operation === 'TransactWriteItems')
    return matches(body, /[{,]"(Put|Update|Delete|ConditionCheck)":\{/g, TRANSACT);
  if (operation === 'TransactGetItems') return ['dynamodb:GetItem'];
  return matches(
    body.replace(/EXISTS\s*\(\s*/gi, ''),
    /"Statement":"\s*(INSERT|UPDATE|DELETE|SELECT)/gi,
    PARTIQL,
  );
}

const matches = (
  body: string,
  pattern: RegExp,
  actions: Readonly<Record<string, string>>,
): readonly string[] => [
  ...new Set(
    [...body.matchAll(pattern)].map(
      (match) => actions[match[1] ?? ''] ?? actions[(match[1] ?? '').toUpperCase()] ?? '',
    ),
  ),
];

const AUTHORISED_BY_BODY = new Set([
  'ExecuteStatement',
  'BatchExecuteStatement',
  'ExecuteTransaction',
  'TransactWriteItems',
  'TransactGetItems',
]);

/** Counts every HTTP request that goes to a local AWS endpoint, without touching the SDK: Node announces each request
 * on a diagnostics channel. Retries are requests too, as they are on a bill.
 * @returns what takes the counts so far and starts again. */
export function countAwsCalls(servicesByPort: Readonly<Record<string, string>>): () => CallReport {
  let calls: Record<string, number> = {};
  let actions = new Set<string>();
  const note = (service: string, operation: string): void => {
    const name = `${service}:${operation}`;
    calls[name] = (calls[name] ?? 0) + 1;
  };
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: ClientRequest };
    const service = servicesByPort[String(request.getHeader('host') ?? '').split(':')[1] ?? ''];
    if (service === undefined) return;
    if (service === 's3') {
      const { operation, action } = s3Operation(
        request.method,
        request.path,
        request.getHeader('x-amz-copy-source') !== undefined,
      );
      note(service, operation);
      actions.add(action);
      return;
    }
    const target = String(request.getHeader('x-amz-target') ?? request.path);
    const operation = target.slice(Math.max(target.lastIndexOf('.'), target.lastIndexOf('/')) + 1);
    note(service, operation);
    if (service === 'dynamodb' && AUTHORISED_BY_BODY.has(operation))
      readBody(request, (body) => {
        for (const action of actionsInBody(operation, body)) actions.add(action);
      });
    else actions.add(`${service}:${operation}`);
  });
  return () => {
    const report = { calls, actions: [...actions] };
    calls = {};
    actions = new Set();
    return report;
  };
}

/** Hands over the body that the client is about to send; the request itself goes out unchanged. */
function readBody(request: ClientRequest, read: (body: string) => void): void {
  const end = request.end.bind(request) as (...given: unknown[]) => ClientRequest;
  request.end = ((...given: unknown[]) => {
    const [body] = given;
    if (typeof body === 'string') read(body);
    else if (body instanceof Uint8Array) read(Buffer.from(body).toString('utf8'));
    return end(...given);
  }) as typeof request.end;
}
