import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  type IRole,
  PolicyDocument,
  PolicyStatement,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

const ADMINISTER = [
  'kms:CancelKeyDeletion',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:GetKeyPolicy',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateKeyDescription',
];
const ROTATE = [
  'kms:DisableKeyRotation',
  'kms:EnableKeyRotation',
  'kms:GetKeyRotationStatus',
  'kms:ListKeyRotations',
  'kms:RotateKeyOnDemand',
];
/** What IAM policies of this account may hand on. Without it no policy of the account could allow any of it. */
const DELEGATE = [
  'kms:CreateGrant',
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** The one algorithm that an action may use. */
const ALGORITHM_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'kms:GenerateMac': { 'kms:MacAlgorithm': 'HMAC_SHA_256' },
  'kms:Sign': { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' },
};

/** In a key's own policy `*` means this key: AWS has no other form. */
const THIS_KEY = ['*'];

/** The three keys of a jurisdiction. None is multi-region and all outlive the stack: what they protect does too. */
export class Encryption extends Construct {
  /** Encrypts streams, tables, buckets, logs and the bus. */
  readonly dataKey: Key;
  /** HMAC key that never leaves KMS: the root of every token of the jurisdiction. */
  readonly tokenKey: Key;
  /** P-256 key whose private half never leaves KMS: signs the states of the evidence log. */
  readonly signingKey: Key;

  /** @param names.logGroupPrefix names of the log groups that may use the data key start with it */
  constructor(
    scope: Construct,
    id: string,
    names: { readonly code: string; readonly logGroupPrefix: string },
  ) {
    super(scope, id);
    this.dataKey = new Key(this, 'DataKey', {
      description: `Rapport ${names.code}: encrypts customer signals at rest`,
      enableKeyRotation: true,
      rotationPeriod: Duration.days(365),
      pendingWindow: Duration.days(30),
      multiRegion: false,
      removalPolicy: RemovalPolicy.RETAIN,
      policy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'Account',
            principals: [new AccountRootPrincipal()],
            actions: [...ADMINISTER, ...ROTATE, ...DELEGATE],
            resources: THIS_KEY,
          }),
          this.forLogs(names.logGroupPrefix),
          this.forDeliveredLogs(),
        ],
      }),
    });
    this.tokenKey = new Key(this, 'TokenKey', {
      description: `Rapport ${names.code}: root of identifier tokens and write keys. Losing it loses every identity.`,
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      pendingWindow: Duration.days(30),
      multiRegion: false,
      removalPolicy: RemovalPolicy.RETAIN,
      // The account administers this key but its IAM policies cannot hand out its use: only the roles of `allow` can
      // compute a token. Rotation does not exist for HMAC keys, and a new key would be new tokens.
      policy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'Account',
            principals: [new AccountRootPrincipal()],
            actions: ADMINISTER,
            resources: THIS_KEY,
          }),
        ],
      }),
    });
    this.signingKey = new Key(this, 'SigningKey', {
      description: `Rapport ${names.code}: signs the states of the evidence log. Losing it ends the log, not its proofs.`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(30),
      multiRegion: false,
      removalPolicy: RemovalPolicy.RETAIN,
      // As with the token key: no IAM policy of the account can hand out the right to sign. Anyone whom an IAM policy
      // allows may fetch the public half, since auditors need it.
      policy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'Account',
            principals: [new AccountRootPrincipal()],
            actions: [...ADMINISTER, 'kms:GetPublicKey'],
            resources: THIS_KEY,
          }),
        ],
      }),
    });
  }

  /**
   * Lets these roles, and nobody else, take an action on the token key or the signing key. By condition and not by principal: KMS refuses
   * a principal that IAM has only just made, and forgets one that is made anew.
   */
  allow(on: 'tokenKey' | 'signingKey', action: string, roles: readonly IRole[]): void {
    const algorithm = ALGORITHM_OF[action];
    this[on].addToResourcePolicy(
      new PolicyStatement({
        sid: `Functions${action.replace('kms:', '')}`,
        principals: [new AccountRootPrincipal()],
        actions: [action],
        resources: THIS_KEY,
        conditions: {
          ArnEquals: { 'aws:PrincipalArn': roles.map((role) => role.roleArn) },
          ...(algorithm === undefined ? {} : { StringEquals: algorithm }),
        },
      }),
    );
  }

  /** Step Functions hands its log to CloudWatch under this key, for its machines are encrypted with it
   * (https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html). */
  private forDeliveredLogs(): PolicyStatement {
    return new PolicyStatement({
      sid: 'DeliveredLogs',
      principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
      actions: ['kms:Decrypt'],
      resources: THIS_KEY,
      conditions: {
        StringEquals: {
          'kms:EncryptionContext:SourceArn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:*`,
        },
      },
    });
  }

  private forLogs(logGroupPrefix: string): PolicyStatement {
    const groups = `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${logGroupPrefix}*`;
    return new PolicyStatement({
      sid: 'Logs',
      principals: [new ServicePrincipal(`logs.${Aws.REGION}.${Aws.URL_SUFFIX}`)],
      actions: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      resources: THIS_KEY,
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
    });
  }
}
