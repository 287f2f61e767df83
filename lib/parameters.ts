import { CfnParameter } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** What one template leaves open: every difference between its deployments, and between those and one machine. */
export class Parameters extends Construct {
  readonly oidcIssuer: string;
  readonly oidcAudience: string;
  readonly archiveWindowSeconds: number;
  /** JSON: jurisdiction code to collect URL. */
  readonly peerEndpoints: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.oidcIssuer = this.parameter('OidcIssuer', {
      type: 'String',
      description: 'Issuer URL of the tokens that the operations API accepts (any OpenID Connect provider)',
      // A plain http issuer is for a region on one machine; API Gateway itself accepts https only.
      allowedPattern: 'https?://.+',
      constraintDescription: 'must be a URL',
    }).valueAsString;
    this.oidcAudience = this.parameter('OidcAudience', {
      type: 'String',
      description: 'Audience of the tokens that the operations API accepts',
      minLength: 1,
    }).valueAsString;
    this.archiveWindowSeconds = this.parameter('ArchiveWindowSeconds', {
      type: 'Number',
      description:
        'Seconds that evidence is gathered before an object is written; longer is fewer, larger objects',
      default: 300,
      minValue: 0,
      maxValue: 300,
    }).valueAsNumber;
    this.peerEndpoints = this.parameter('PeerEndpoints', {
      type: 'String',
      description:
        'JSON object: collect URL by jurisdiction code, to point misdirected clients to. Nothing is sent there.',
      default: '{}',
      allowedPattern: '\\{.*\\}',
      constraintDescription: 'must be a JSON object',
    }).valueAsString;
  }

  private parameter(name: string, props: ConstructorParameters<typeof CfnParameter>[2]): CfnParameter {
    const parameter = new CfnParameter(this, name, props);
    parameter.overrideLogicalId(name);
    return parameter;
  }
}
