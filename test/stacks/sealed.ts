import { ofType, type Template, text } from './synthesize.ts';

/** One stack as it would be deployed. */
export interface SealedStack {
  readonly code: string;
  readonly stackName: string;
  readonly region: string;
  readonly account: string | undefined;
  readonly template: Template;
}

/**
 * Every path from one jurisdiction's stack to another that its template shows (law 5); none is the empty list. A path
 * is a mention of another stack, region or account, a value shared between stacks, a replica, or a foreign principal.
 */
export function pathsOut(stack: SealedStack, all: readonly SealedStack[]): readonly string[] {
  const others = all.filter(({ code }) => code !== stack.code);
  return [
    ...mentions(stack, others),
    ...sharedValues(stack),
    ...replicas(stack),
    ...principals(stack),
    ...environments(stack, others),
  ];
}

const REGION =
  /\b(?:us-gov|us-iso[a-z]?|eusc-[a-z]{2}|[a-z]{2})-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-\d\b/g;

/** Strings anywhere in the template, keys included, that name another stack, region or account. */
function mentions(
  { region, account, template }: SealedStack,
  others: readonly SealedStack[],
): readonly string[] {
  const names = others
    .flatMap(({ code, stackName }) => [stackName, `rapport-${code}`, `/rapport/${code}/`])
    .map((name) => ({ name, pattern: new RegExp(`(?<![\\w-])${name}(?![\\w-])`) }));
  return strings(template).flatMap(({ at, value }) => [
    ...(value.match(REGION) ?? [])
      .filter((found) => found !== region)
      .map((found) => `${at} names region ${found}`),
    ...(value.match(/\b\d{12}\b/g) ?? [])
      .filter((found) => found !== account)
      .map((found) => `${at} names account ${found}`),
    ...names.filter(({ pattern }) => pattern.test(value)).map(({ name }) => `${at} names ${name}`),
  ]);
}

/** Values that CloudFormation hands from stack to stack. */
function sharedValues({ template }: SealedStack): readonly string[] {
  const exported = Object.entries(template.Outputs)
    .filter(([, { Export }]) => Export !== undefined)
    .map(([name]) => `Outputs.${name} is exported`);
  const imported = strings(template)
    .filter(({ at }) => /\.Fn::(ImportValue|GetStackOutput)(\.|$)/.test(at))
    .map(({ at }) => `${at} imports a value`);
  const custom = Object.entries(template.Resources)
    .filter(([, { Type }]) =>
      /CrossRegion|^AWS::CloudFormation::(Stack|StackSet|CustomResource)$|^Custom::/.test(Type),
    )
    .map(([id, { Type }]) => `${id} is ${Type}, which may reach anywhere`);
  return [...exported, ...imported, ...custom];
}

/** Services' own ways of copying to elsewhere. */
function replicas({ region, template }: SealedStack): readonly string[] {
  const global = ofType(template, 'AWS::DynamoDB::GlobalTable').flatMap(([id, { Properties }]) =>
    (Properties.Replicas as readonly { readonly Region: unknown }[])
      .filter((replica) => replica.Region !== region && text(replica.Region) !== '<AWS::Region>')
      .map((replica) => `${id} has a replica in ${text(replica.Region)}`),
  );
  const copying = Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
    const found: string[] = [];
    if (Type === 'AWS::S3::Bucket' && Properties.ReplicationConfiguration !== undefined)
      found.push('replicates');
    if (Type === 'AWS::KMS::Key' && Properties.MultiRegion === true) found.push('is a multi-region key');
    if (Type === 'AWS::KMS::ReplicaKey') found.push('is a replica of a key');
    if (Type === 'AWS::Events::Endpoint') found.push('is a global endpoint');
    if (JSON.stringify(Properties).match(/"(s3:Replicate\w+|kms:ReplicateKey|dynamodb:CreateTableReplica)"/))
      found.push('allows replication');
    return found.map((what) => `${id} ${what}`);
  });
  return [...global, ...copying];
}

/** Who is let in from outside the stack's account. */
function principals({ template }: SealedStack): readonly string[] {
  return Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
    const documents = [Properties.PolicyDocument, Properties.KeyPolicy, Properties.AssumeRolePolicyDocument];
    const statements = documents.flatMap((document) =>
      document === undefined
        ? []
        : (document as { readonly Statement: readonly Record<string, unknown>[] }).Statement,
    );
    const open = statements
      .filter(
        ({ Effect, Principal }) =>
          Effect === 'Allow' && (text(Principal) === '*' || JSON.stringify(Principal ?? {}).includes('"*"')),
      )
      .map(() => `${id} allows every principal`);
    const busPolicy = Type === 'AWS::Events::EventBusPolicy' ? [`${id} opens the bus to others`] : [];
    return [...open, ...busPolicy];
  });
}

/** Environment variables that tell a function of another jurisdiction at synthesis. */
function environments({ code, template }: SealedStack, others: readonly SealedStack[]): readonly string[] {
  return ofType(template, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) => {
    const { Variables } = Properties.Environment as {
      readonly Variables: Readonly<Record<string, unknown>>;
    };
    const foreign = Object.entries(Variables).flatMap(([name, value]) =>
      others
        .filter((other) => new RegExp(`(?<![\\w-])${other.code}(?![\\w-])`).test(text(value)))
        .map((other) => `${id} is told of ${other.code} in ${name}`),
    );
    const own = Variables.JURISDICTION === code ? [] : [`${id} is not told that it is ${code}`];
    return [...foreign, ...own];
  });
}

interface Located {
  readonly at: string;
  readonly value: string;
}

function strings(value: unknown, at = ''): readonly Located[] {
  if (typeof value === 'string') return [{ at, value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    { at: `${at}.${key}`, value: key },
    ...strings(inner, `${at}.${key}`),
  ]);
}
