import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';

export type Authorization =
  | { readonly outcome: 'allowed'; readonly claims: Readonly<Record<string, string>> }
  | { readonly outcome: 'unauthorized' }
  | { readonly outcome: 'forbidden' };

/** Makes a JWT authorizer of an HTTP API: the token must be signed by the issuer, meant for one of the audiences and,
 * where a route asks for scopes, carry one of them. API Gateway takes RSA signatures only. */
export function jwtAuthorizer(
  issuer: string,
  audiences: readonly string[],
): (header: string | undefined, scopes: readonly string[]) => Promise<Authorization> {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  return async (header, scopes) => {
    const token =
      /^Bearer\s+(\S+)$/i.exec(header ?? '')?.[1] ??
      (header !== undefined && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(header) ? header : undefined);
    if (token === undefined) return { outcome: 'unauthorized' };
    let payload: JWTPayload;
    try {
      keys ??= discover(issuer);
      payload = (await jwtVerify(token, await keys, { issuer, algorithms: ['RS256', 'RS384', 'RS512'] }))
        .payload;
    } catch (cause) {
      if (!(cause instanceof errors.JOSEError)) keys = undefined;
      return { outcome: 'unauthorized' };
    }
    const meantFor = [payload.aud ?? payload.client_id ?? []].flat();
    if (payload.exp === undefined || !meantFor.some((audience) => audiences.includes(String(audience))))
      return { outcome: 'unauthorized' };
    const held = new Set(
      [payload.scope ?? payload.scp ?? []].flat().flatMap((scope) => String(scope).split(' ')),
    );
    if (scopes.length > 0 && !scopes.some((scope) => held.has(scope))) return { outcome: 'forbidden' };
    return { outcome: 'allowed', claims: claimsOf(payload) };
  };
}

/** Claims as a function receives them: every value is text. */
const claimsOf = (payload: JWTPayload): Record<string, string> =>
  Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      Array.isArray(value) ? `[${value.join(' ')}]` : String(value),
    ]),
  );

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const { jwks_uri } = (await response.json()) as { jwks_uri: string };
  return createRemoteJWKSet(new URL(jwks_uri));
}
