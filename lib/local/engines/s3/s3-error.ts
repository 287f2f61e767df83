/** An error as S3 answers it
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: string;
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  constructor(
    code: string,
    status: number,
    message: string,
    headers: { readonly [name: string]: string } = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

export const noSuchKey = (headers: { readonly [name: string]: string } = {}): S3Error =>
  new S3Error('NoSuchKey', 404, 'The specified key does not exist.', headers);
export const noSuchVersion = (): S3Error =>
  new S3Error('NoSuchVersion', 404, 'The specified version does not exist.');
export const preconditionFailed = (condition: string): S3Error =>
  new S3Error(
    'PreconditionFailed',
    412,
    `At least one of the pre-conditions you specified did not hold: ${condition}`,
  );
export const invalidArgument = (message: string): S3Error => new S3Error('InvalidArgument', 400, message);
export const invalidRequest = (message: string): S3Error => new S3Error('InvalidRequest', 400, message);
export const malformedXml = (): S3Error =>
  new S3Error('MalformedXML', 400, 'The XML you provided was not well-formed or did not validate.');
