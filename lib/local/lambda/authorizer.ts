/**
 * API Gateway's JWT authorizer (API Gateway Developer Guide, “Control access to HTTP APIs with JWT authorizers”): the
 * token's signature by the issuer's published keys, `iss`, `aud`, `exp` and `nbf`; whoever has none that holds is told
 * `{"message":"Unauthorized"}`, and the function never hears of him.
 */
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

export interface Authorizer {
  readonly issuer: string;
  readonly audience: string;
}

export interface Authorized {
  readonly jwt: { readonly claims: Record<string, string>; readonly scopes: null };
}

/** Null: unauthorized. */
export function jwtAuthorizer({
  issuer,
  audience,
}: Authorizer): (header: string | undefined) => Promise<Authorized | null> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  return async (header) => {
    const token = header?.replace(/^Bearer /i, "");
    if (token === undefined || token === "") return null;
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience });
      const claims = Object.entries(payload).map(([name, value]): [string, string] => [name, told(value)]);
      return { jwt: { claims: Object.fromEntries(claims), scopes: null } };
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  };
}

/** Claims reach the function as text; a list as `[a b]`. */
const told = (value: unknown): string => (Array.isArray(value) ? `[${value.join(" ")}]` : String(value));
