/** What the AWS SDK asks for where it would look for credentials in eight places. */
interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Takes the place of `@aws-sdk/credential-provider-node` in the bundles (see `lib/bundle.ts`). Lambda hands the credentials of
 * the function's role over in the environment, where the SDK looks first; the files, the single sign-on and the clients for
 * them that it would look to afterwards are not there, and weigh a tenth of a hot function.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 * @throws Error naming the variables when they are not set
 */
export const defaultProvider = () => async (): Promise<Credentials> => {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '' } = process.env;
  if (AWS_ACCESS_KEY_ID === '' || AWS_SECRET_ACCESS_KEY === '')
    throw new Error('AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set: Lambda gives them to a function');
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN === '' ? {} : { sessionToken: AWS_SESSION_TOKEN }),
  };
};
