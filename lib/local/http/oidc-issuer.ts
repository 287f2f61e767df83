import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Engine } from '../engines/engine.ts';
import { serveLoopback } from '../engines/loopback-server.ts';

/** Audience of the tokens that a local issuer mints. */
export const LOCAL_AUDIENCE = 'rapport-local';

const KEY_ID = 'local';

export type OidcIssuer = Engine & {
  /** Signs a token for `subject` with these scopes. */
  mint(options: {
    readonly subject: string;
    readonly scopes: readonly string[];
    readonly lifetimeSeconds?: number;
  }): Promise<string>;
};

/** Starts an OpenID Connect issuer with discovery and keys only. Its RSA key lives in memory, so tokens end with it.
 * @throws EngineError when the port is taken. */
export async function startOidcIssuer(options: { readonly port?: number } = {}): Promise<OidcIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' };
  const documents: Record<string, () => object> = {
    '/.well-known/jwks.json': () => ({ keys: [jwk] }),
    '/.well-known/openid-configuration': () => ({
      issuer: engine.url,
      jwks_uri: `${engine.url}/.well-known/jwks.json`,
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    }),
  };
  const engine = await serveLoopback(async (request, response) => {
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document?.() ?? { error: 'not_found' }));
  }, options.port ?? 0);
  return {
    ...engine,
    mint: ({ subject, scopes, lifetimeSeconds = 30 * 86_400 }) =>
      new SignJWT({ scope: scopes.join(' '), client_id: subject })
        .setProtectedHeader({ alg: 'RS256', kid: KEY_ID })
        .setIssuer(engine.url)
        .setAudience(LOCAL_AUDIENCE)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1_000) + lifetimeSeconds)
        .sign(privateKey),
  };
}
