import { CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** An origin as browsers write it (RFC 6454 §6.1): never a wildcard, and without encryption only on one's own machine. */
const ORIGIN = '(https://[a-z0-9.-]+|http://(localhost|127\\.0\\.0\\.1))(:\\d{1,5})?';

/** Origins whose pages may call an API, comma-separated, and whether there are any. */
export interface BrowserOrigins {
  readonly list: string;
  readonly areGiven: CfnCondition;
}

/** What one template leaves open: every difference between its deployments, and between those and one machine. */
export class Parameters extends Construct {
  readonly oidcIssuer: string;
  readonly oidcAudience: string;
  readonly archiveWindowSeconds: number;
  /** JSON: jurisdiction code to collect URL. */
  readonly peerEndpoints: string;
  /** Dates, or `none`. */
  readonly publicHolidays: string;
  readonly browserOrigins: BrowserOrigins;

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
    this.publicHolidays = this.parameter('PublicHolidays', {
      type: 'String',
      description:
        'Dates that are no business days, comma-separated, with a plus before weekend days that are worked: 2026-12-25,+2026-10-10. Without them deadlines in business days are early.',
      default: 'none',
      allowedPattern: '(none|\\+?\\d{4}-\\d{2}-\\d{2}(,\\+?\\d{4}-\\d{2}-\\d{2})*)',
      constraintDescription: 'must be dates such as 2026-12-25, comma-separated, or none',
      // Ten years of a dozen days; a function's whole environment has 4 KB.
      maxLength: 1_500,
    }).valueAsString;
    this.browserOrigins = this.origins();
  }

  private origins(): BrowserOrigins {
    const list = this.parameter('BrowserOrigins', {
      type: 'String',
      description:
        'Origins whose pages may send signals and consents from a browser, comma-separated: https://shop.example,https://www.shop.example',
      default: 'none',
      allowedPattern: `(none|${ORIGIN}(,${ORIGIN})*)`,
      constraintDescription:
        'must be origins such as https://shop.example, comma-separated, without a path or a wildcard, or none',
      maxLength: 2_000,
    }).valueAsString;
    const areGiven = new CfnCondition(this, 'BrowserOriginsGiven', {
      expression: Fn.conditionNot(Fn.conditionEquals(list, 'none')),
    });
    areGiven.overrideLogicalId('BrowserOriginsGiven');
    return { list, areGiven };
  }

  private parameter(name: string, props: ConstructorParameters<typeof CfnParameter>[2]): CfnParameter {
    const parameter = new CfnParameter(this, name, props);
    parameter.overrideLogicalId(name);
    return parameter;
  }
}
