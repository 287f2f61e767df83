import { afterAll, describe, expect, it } from 'vitest';
import { STREAM_HOURS } from '../../functions/contracts/retention.ts';
import { machines } from '../../functions/flow/machines.ts';
import { resources } from '../../functions/flow/resources.ts';
import type { FlowFunction } from '../../functions/flow/triggers.ts';
import { flow } from '../../functions/flow.ts';
import { COMPACTION_DAYS } from '../../functions/registry/evidence-retention.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import {
  ofType,
  permissionsOf,
  type Resource,
  removeScratch,
  synthesize,
  templateOf,
  text,
} from './synthesize.ts';

afterAll(removeScratch);

const ofKind = (kind: string) => Object.values(resources).filter((resource) => resource.kind === kind);
const isSubjectKeys = (logicalId: string): boolean => logicalId.startsWith('TablesSubjectKeys');

const MINUTES_IN: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1_440 };
// All stacks are alike but for names and retention (sealed.test.ts); these four differ most in those.
const codes = ['eu', 'us-ca', 'in', 'cn'];
const templates = synthesize({ jurisdictions: codes, accounts: { eu: '111122223333' } });
const provisioned = templateOf(
  synthesize({ jurisdictions: 'uk', streamMode: 'provisioned', shards: 3 }),
  'uk',
);

it('makes one stack per enabled jurisdiction', () => {
  expect([...templates.keys()]).toEqual(codes);
});

describe.each(codes)('the stack of %s', (code) => {
  const template = templateOf(templates, code);
  const of = (type: string): readonly Resource[] => ofType(template, type).map(([, resource]) => resource);
  const dataKeys = ofType(template, 'AWS::KMS::Key').filter(([, key]) => key.Properties.EnableKeyRotation);
  const dataKey = { 'Fn::GetAtt': [dataKeys[0]?.[0], 'Arn'] };

  it('has one data key that rotates, and keys for tokens and for signing that never leave KMS', () => {
    expect(dataKeys).toHaveLength(1);
    const others = of('AWS::KMS::Key').filter(({ Properties }) => !Properties.EnableKeyRotation);
    expect(others.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC', MultiRegion: false }),
      expect.objectContaining({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', MultiRegion: false }),
    ]);
  });

  it('lets no IAM policy of the account hand out the token key: only the functions of the map use it', () => {
    const tokenKey = of('AWS::KMS::Key').find(({ Properties }) => Properties.KeySpec === 'HMAC_256');
    const uses = permissionsOf(tokenKey?.Properties.KeyPolicy).filter(({ action }) => /Mac$/.test(action));
    const users = Object.entries(flow).filter(([, fn]) => fn.access.some(({ on }) => on === 'tokenKey'));
    expect(uses).toHaveLength(1);
    const named = uses[0]?.condition
      .match(/<(\w+)Role\w+\.Arn>/g)
      ?.map((arn) => arn.replace(/^<(\w+)Role.*$/, '$1'));
    expect(named?.map((name) => name.toLowerCase()).sort()).toEqual(
      users.map(([id]) => id.toLowerCase()).sort(),
    );
  });

  it('encrypts both streams under the data key and keeps records twelve hours past their last attempt', () => {
    expect(of('AWS::Kinesis::Stream')).toHaveLength(2);
    for (const { Properties } of of('AWS::Kinesis::Stream')) {
      expect(Properties.StreamEncryption).toEqual({ EncryptionType: 'KMS', KeyId: dataKey });
      expect(Properties.StreamModeDetails).toEqual({ StreamMode: 'ON_DEMAND' });
    }
    for (const { trigger } of [flow.understand, flow.archive])
      expect(STREAM_HOURS[trigger.stream]).toBeGreaterThanOrEqual(trigger.recordAgeSecondsMax / 3_600 + 12);
    expect(of('AWS::Kinesis::Stream').map(({ Properties }) => Properties.RetentionPeriodHours)).toEqual(
      Object.values(STREAM_HOURS),
    );
  });

  it('protects, encrypts, expires and can restore every table', () => {
    const tables = ofType(template, 'AWS::DynamoDB::Table');
    expect(tables).toHaveLength(ofKind('table').length);
    for (const [id, { Properties }] of tables) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: {
          PointInTimeRecoveryEnabled: true,
          RecoveryPeriodInDays: /^Tables(SubjectKeys|Rebuilt|Candidates)/.test(id) ? 1 : 35,
        },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: dataKey },
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      });
    }
  });

  it('keeps subject secrets nowhere but in their table: no stream, no index, and a day of backups', () => {
    const [found, ...others] = ofType(template, 'AWS::DynamoDB::Table').filter(([id]) => isSubjectKeys(id));
    expect(others).toEqual([]);
    expect(found?.[1].Properties.StreamSpecification).toBeUndefined();
    expect(found?.[1].Properties.KinesisStreamSpecification).toBeUndefined();
    expect(found?.[1].Properties.GlobalSecondaryIndexes).toBeUndefined();
  });

  it('has no index on the hot table', () => {
    const profiles = of('AWS::DynamoDB::Table').find(({ Properties }) =>
      JSON.stringify(Properties.KeySchema).includes('"part"'),
    );
    expect(profiles?.Properties.GlobalSecondaryIndexes).toBeUndefined();
  });

  it('versions its buckets, shuts the public out and refuses plain HTTP', () => {
    const buckets = ofType(template, 'AWS::S3::Bucket');
    expect(buckets).toHaveLength(ofKind('bucket').length);
    for (const [id, { Properties }] of buckets) {
      expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
      expect(Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      const policy = of('AWS::S3::BucketPolicy').find(
        (candidate) => text(candidate.Properties.Bucket) === `<${id}>`,
      );
      const denied = permissionsOf(policy?.Properties.PolicyDocument).filter(
        ({ effect }) => effect === 'Deny',
      );
      expect(denied.map(({ condition }) => condition)).toContain('Bool aws:SecureTransport false');
    }
  });

  it('encrypts what it keeps in buckets under the data key, and records who reads it', () => {
    const guarded = of('AWS::S3::Bucket').filter(({ Properties }) => Properties.LoggingConfiguration);
    expect(guarded).toHaveLength(5);
    for (const { Properties } of guarded)
      expect(Properties.BucketEncryption).toEqual({
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: dataKey },
          },
        ],
      });
  });

  it('forgets every archive row when the maximum of its event class is over, and no sooner than the minimum', () => {
    const rules = of('AWS::S3::Bucket').flatMap(
      ({ Properties }) =>
        (
          Properties.LifecycleConfiguration as {
            readonly Rules: readonly Readonly<Record<string, unknown>>[];
          }
        ).Rules,
    );
    const retention = Object.entries(jurisdictions[code]?.retention ?? {});
    expect(retention).toHaveLength(8);
    for (const [eventClass, { value }] of retention)
      for (const table of ['signals', 'refusals', 'effects']) {
        const rule = rules.find(({ Prefix }) => Prefix === `v1/${table}/event_class=${eventClass}/`);
        const current = Number(rule?.ExpirationInDays);
        const noncurrent = Number(
          (rule?.NoncurrentVersionExpiration as { readonly NoncurrentDays: number } | undefined)
            ?.NoncurrentDays,
        );
        // An object may be younger than its rows by the days within which compaction works.
        expect(current + noncurrent + COMPACTION_DAYS).toBe(value.maxDays);
        expect(current).toBeGreaterThanOrEqual(value.minDays);
      }
  });

  it('keeps failures for 14 days on encrypted queues that refuse plain HTTP', () => {
    const queues = ofType(template, 'AWS::SQS::Queue');
    expect(queues).toHaveLength(4);
    for (const [id, { Properties }] of queues) {
      expect(Properties).toMatchObject({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
      const policy = of('AWS::SQS::QueuePolicy').find((candidate) =>
        JSON.stringify(candidate.Properties.Queues).includes(`"${id}"`),
      );
      const denied = permissionsOf(policy?.Properties.PolicyDocument).filter(
        ({ effect }) => effect === 'Deny',
      );
      expect(denied).toEqual([expect.objectContaining({ condition: 'Bool aws:SecureTransport false' })]);
    }
  });

  it('outlives its own deletion where customers are concerned', () => {
    for (const type of [
      'AWS::KMS::Key',
      'AWS::Kinesis::Stream',
      'AWS::DynamoDB::Table',
      'AWS::S3::Bucket',
      'AWS::SQS::Queue',
    ])
      for (const resource of of(type))
        expect([type, resource.DeletionPolicy, resource.UpdateReplacePolicy]).toEqual([
          type,
          'Retain',
          'Retain',
        ]);
  });

  it('states every option of its event sources', () => {
    const feeds = of('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties);
    for (const id of ['understand', 'archive'] as const) {
      const { trigger } = flow[id];
      const feed = feeds.find(({ FunctionName }) => text(FunctionName).toLowerCase().startsWith(`<${id}`));
      expect(feed).toMatchObject({
        Enabled: true,
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: trigger.batchSize,
        MaximumBatchingWindowInSeconds:
          typeof trigger.windowSeconds === 'number' ? trigger.windowSeconds : { Ref: 'ArchiveWindowSeconds' },
        ParallelizationFactor: trigger.parallelizationFactor,
        BisectBatchOnFunctionError: trigger.bisectOnError,
        FunctionResponseTypes: trigger.reportItemFailures ? ['ReportBatchItemFailures'] : [],
        MaximumRetryAttempts: trigger.retryAttempts,
        MaximumRecordAgeInSeconds: trigger.recordAgeSecondsMax,
      });
      expect(JSON.stringify(feed?.DestinationConfig)).toMatch(new RegExp(`FailureQueues${id}Failures`, 'i'));
    }
    const saved = feeds.filter(({ FunctionName }) => text(FunctionName).startsWith('<Salvage'));
    expect(saved).toHaveLength(flow.salvage.trigger.functions.length);
    for (const feed of saved)
      expect(feed).toMatchObject({ FunctionResponseTypes: ['ReportBatchItemFailures'], BatchSize: 5 });
  });

  it('runs its functions as the map says, on Node 24 and arm64, with logs that expire', () => {
    const functions = of('AWS::Lambda::Function');
    expect(functions).toHaveLength(Object.keys(flow).length);
    for (const [id, fn] of Object.entries(flow)) {
      const made = functions.find(({ Properties }) => Properties.Description === fn.purpose);
      expect(made?.Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        MemorySize: fn.memoryMb,
        Timeout: fn.timeoutSeconds,
        Environment: {
          Variables: {
            JURISDICTION: code,
            SIGNAL_BUCKETS: '8',
            PEER_ENDPOINTS: { Ref: 'PeerEndpoints' },
            PUBLIC_HOLIDAYS: { Ref: 'PublicHolidays' },
          },
        },
      });
      expect(made?.Properties.ReservedConcurrentExecutions).toBe(
        'reservedConcurrency' in fn ? fn.reservedConcurrency : undefined,
      );
      const logs = of('AWS::Logs::LogGroup').find(
        ({ Properties }) => Properties.LogGroupName === `/rapport/${code}/${id}`,
      );
      expect(logs?.Properties).toMatchObject({ RetentionInDays: 90, KmsKeyId: dataKey });
    }
  });

  it('ticks as the map says, and keeps a tick that reached no function', () => {
    const ticking = (Object.values(flow) as readonly FlowFunction[]).flatMap(({ trigger }) =>
      trigger.kind === 'schedule' ? [trigger.everyMinutes] : [],
    );
    const rules = of('AWS::Events::Rule').filter(({ Properties }) => Properties.ScheduleExpression);
    const machinesToo = Object.values(machines).flatMap(({ everyMinutes = [] }) => everyMinutes);
    const minutesOf = (rate: unknown): number => {
      const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(String(rate)) ?? [];
      return Number(count) * (MINUTES_IN[unit ?? ''] ?? Number.NaN);
    };
    expect(rules.map(({ Properties }) => minutesOf(Properties.ScheduleExpression)).sort()).toEqual(
      [...ticking, ...machinesToo].sort(),
    );
    const ofFunctions = rules.filter(
      ({ Properties }) => !JSON.stringify(Properties).includes(':stateMachine:'),
    );
    expect(ofFunctions).toHaveLength(ticking.length);
    for (const { Properties } of ofFunctions)
      expect(Properties.Targets).toEqual([
        expect.objectContaining({
          RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 300 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/MissedTicks/), 'Arn'] } },
        }),
      ]);
  });

  it('has every log searched, the access logs too, but not those of the search itself', () => {
    const groups = ofType(template, 'AWS::Logs::LogGroup').filter(
      // Machines log without what they work on.
      ([id, { Properties }]) =>
        Properties.LogGroupName !== `/rapport/${code}/logWatch` && !id.includes('Machine'),
    );
    const filters = of('AWS::Logs::SubscriptionFilter').map(({ Properties }) => Properties);
    expect(filters.map(({ LogGroupName }) => text(LogGroupName)).sort()).toEqual(
      groups.map(([id]) => `<${id}>`).sort(),
    );
    expect(groups).toHaveLength(Object.keys(flow).length - 1 + 2);
    for (const { FilterPattern, DestinationArn } of filters)
      expect([FilterPattern, text(DestinationArn)]).toEqual([
        '',
        expect.stringMatching(/^<LogWatchFunction/),
      ]);
  });

  it('throttles each route as the map says and answers with payload 2.0', () => {
    const settings = of('AWS::ApiGatewayV2::Stage').map(({ Properties }) => Properties.RouteSettings);
    for (const { trigger } of Object.values(flow))
      if (trigger.kind === 'http')
        for (const { method, path, throttle } of trigger.routes)
          expect(settings).toContainEqual(
            expect.objectContaining({
              [`${method} ${path}`]: {
                ThrottlingRateLimit: throttle.ratePerSecond,
                ThrottlingBurstLimit: throttle.burst,
                DetailedMetricsEnabled: true,
              },
            }),
          );
    for (const { Properties } of of('AWS::ApiGatewayV2::Integration')) {
      expect(Properties.PayloadFormatVersion).toBe('2.0');
      expect(Properties.TimeoutInMillis).toBeLessThanOrEqual(29_000);
    }
  });

  it('lets pages in only from the origins that a deployment names, and without cookies', () => {
    const { BrowserOrigins } = template.Parameters;
    expect(BrowserOrigins?.Default).toBe('none');
    expect(template.Conditions?.BrowserOriginsGiven).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'BrowserOrigins' }, 'none'] }],
    });
    const rules = of('AWS::ApiGatewayV2::Api').map(({ Properties }) => Properties.CorsConfiguration);
    const rule = {
      AllowOrigins: { 'Fn::Split': [',', { Ref: 'BrowserOrigins' }] },
      AllowMethods: ['POST'],
      AllowHeaders: ['authorization', 'content-type'],
      ExposeHeaders: ['retry-after'],
      AllowCredentials: false,
      MaxAge: 7_200,
    };
    const whenGiven = { 'Fn::If': ['BrowserOriginsGiven', rule, { Ref: 'AWS::NoValue' }] };
    expect(rules).toEqual([whenGiven, whenGiven]);
  });

  it.each([
    ['none', true],
    ['https://shop.example', true],
    ['https://shop.example,https://www.shop.example:8443,http://localhost:3000', true],
    ['*', false],
    ['https://*.shop.example', false],
    ['http://shop.example', false],
    ['https://shop.example/', false],
    ['https://shop.example, https://www.shop.example', false],
    ['none,https://shop.example', false],
  ])('takes origins as browsers write them: %s', (origins, isTaken) => {
    const pattern = String(template.Parameters.BrowserOrigins?.AllowedPattern);
    expect(new RegExp(`^(?:${pattern})$`).test(origins)).toBe(isTaken);
  });

  it('asks for a token with the right scope on every operations route, and leaves collect to its write keys', () => {
    const routes = of('AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties);
    for (const { trigger } of Object.values(flow)) {
      if (trigger.kind !== 'http') continue;
      for (const flowRoute of trigger.routes) {
        const route = routes.find(({ RouteKey }) => RouteKey === `${flowRoute.method} ${flowRoute.path}`);
        expect(route?.AuthorizationType).toBe(trigger.api === 'collect' ? 'NONE' : 'JWT');
        expect(route?.AuthorizationScopes).toEqual('scope' in flowRoute ? [flowRoute.scope] : undefined);
      }
    }
    expect(of('AWS::ApiGatewayV2::Authorizer').map(({ Properties }) => Properties.JwtConfiguration)).toEqual([
      { Audience: [{ Ref: 'OidcAudience' }], Issuer: { Ref: 'OidcIssuer' } },
    ]);
  });

  it('logs of a request nothing that a caller sent', () => {
    const formats = of('AWS::ApiGatewayV2::Stage').map(
      ({ Properties }) => (Properties.AccessLogSettings as { readonly Format: string }).Format,
    );
    expect(formats).toHaveLength(2);
    for (const format of formats) {
      const variables = Object.values(JSON.parse(format) as Record<string, string>);
      expect(variables.sort()).toEqual(
        [
          '$context.error.responseType',
          '$context.integrationLatency',
          '$context.requestId',
          '$context.requestTimeEpoch',
          '$context.responseLatency',
          '$context.responseLength',
          '$context.routeKey',
          '$context.status',
        ].sort(),
      );
    }
  });

  it('opens the two parameters without which nobody may use it, and says where it is', () => {
    expect(template.Parameters.OidcIssuer).not.toHaveProperty('Default');
    expect(template.Parameters.OidcAudience).not.toHaveProperty('Default');
    expect(template.Parameters.ArchiveWindowSeconds).toMatchObject({
      Type: 'Number',
      Default: 300,
      MaxValue: 300,
    });
    expect(template.Parameters.PeerEndpoints).toMatchObject({ Default: '{}' });
    expect(template.Parameters.PublicHolidays).toMatchObject({ Default: 'none', MaxLength: 1_500 });
    expect(Object.keys(template.Outputs).sort()).toEqual([
      'CheckpointsBucketName',
      'CollectUrl',
      'EvidenceBucketName',
      'OperationsUrl',
      'QuarantineBucketName',
      'SigningKeyArn',
    ]);
  });

  it('alarms on lateness, failures, errors, throttles, machines, 5xx and an archive that does not verify', () => {
    // CloudWatch adds up ten metrics at most: errors and throttles have an alarm for each ten functions.
    const tens = Math.ceil(Object.keys(flow).length / 10);
    expect(of('AWS::CloudWatch::Alarm')).toHaveLength(8 + 2 * tens);
    for (const { Properties } of of('AWS::CloudWatch::Alarm'))
      expect(Properties.TreatMissingData).toBe('notBreaching');
  });

  it('alarms on what waits in a queue that SQS itself fills: nothing counts there as sent', () => {
    const filled = of('AWS::SQS::Queue')
      .map(({ Properties }) => Properties.RedrivePolicy as { deadLetterTargetArn: unknown } | undefined)
      .flatMap((redrive) => (redrive === undefined ? [] : [text(redrive.deadLetterTargetArn)]));
    const watched = of('AWS::CloudWatch::Alarm')
      .filter(({ Properties }) => Properties.MetricName === 'ApproximateNumberOfMessagesVisible')
      .flatMap(({ Properties }) => Properties.Dimensions as readonly { Value: unknown }[])
      .map(({ Value }) => text(Value).replace('QueueName', 'Arn'));
    expect(watched).toEqual([...new Set(filled)]);
  });

  it('lets every schedule send a tick that reached nobody to the queue that it names', () => {
    const mayFill = of('AWS::SQS::QueuePolicy')
      .flatMap(({ Properties }) => permissionsOf(Properties.PolicyDocument))
      .filter(({ effect, action }) => effect === 'Allow' && action === 'sqs:SendMessage')
      .map(({ resource, condition }) => `${resource} ${condition}`);
    for (const [rule, { Properties }] of ofType(template, 'AWS::Events::Rule')) {
      if (Properties.ScheduleExpression === undefined) continue;
      const [target] = Properties.Targets as readonly { DeadLetterConfig?: { Arn: unknown } }[];
      expect(mayFill).toContain(
        `${text(target?.DeadLetterConfig?.Arn)} ArnEquals aws:SourceArn <${rule}.Arn>`,
      );
    }
  });
});

it('provisions shards when the deployer says so', () => {
  for (const [, { Properties }] of ofType(provisioned, 'AWS::Kinesis::Stream')) {
    expect(Properties.StreamModeDetails).toEqual({ StreamMode: 'PROVISIONED' });
    expect(Properties.ShardCount).toBe(3);
  }
});
