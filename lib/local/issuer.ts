/**
 * An OpenID Connect issuer for one machine: whoever asks gets a token with the name and the groups that he asks for, so
 * that authorization is exercised as it is deployed, and not passed by. Nothing but the embedded stack trusts it; it
 * answers on the loopback address only.
 */
import { existsSync, readFileSync } from "node:fs";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import * as z from "zod";
import { explain } from "../contracts/scalars.ts";
import type { Handler, Route } from "./lambda/triggers.ts";
import { writeAtomically } from "./layout.ts";

export const audience = "rackwright";
export const issuerPath = "/local/issuer";
export const tokenPath = `${issuerPath}/token`;

const algorithm = "ES256";
const lifetimeSeconds = 12 * 3600;

const wanted = z.strictObject({
  subject: z.string().min(1).max(200),
  groups: z.array(z.string().min(1).max(100)).max(20).default([]),
});

/** The issuer's routes. Its key lies in `file`, so that tokens outlive a restart. */
export async function issuerRoutes(issuer: string, file: string): Promise<readonly Route[]> {
  const key = await keyIn(file);
  const { d: _, ...known } = key;
  const kid = await calculateJwkThumbprint(key);
  const publicKey: JWK = { ...known, kid, alg: algorithm, use: "sig" };
  const signer = await importJWK(key, algorithm);
  const token: Handler = async (event) => {
    const asked = parse(event);
    if (!asked.ok) return answer(400, { error: "invalid_request", error_description: asked.why });
    const { subject, groups } = asked.value;
    const text = await new SignJWT({ groups })
      .setProtectedHeader({ alg: algorithm, kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds}s`)
      .sign(signer);
    return answer(200, { access_token: text, token_type: "Bearer", expires_in: lifetimeSeconds });
  };
  const named = { name: "issuer", timeoutMs: 1000 };
  return [
    {
      routeKey: `GET ${issuerPath}/.well-known/openid-configuration`,
      ...named,
      handler: async () =>
        answer(200, {
          issuer,
          jwks_uri: `${issuer}/.well-known/jwks.json`,
          token_endpoint: `${issuer}/token`,
        }),
    },
    {
      routeKey: `GET ${issuerPath}/.well-known/jwks.json`,
      ...named,
      handler: async () => answer(200, { keys: [publicKey] }),
    },
    { routeKey: `POST ${tokenPath}`, ...named, handler: token },
  ];
}

const answer = (statusCode: number, body: unknown) => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

function parse(event: unknown): { ok: true; value: z.infer<typeof wanted> } | { ok: false; why: string } {
  const body = z.looseObject({ body: z.string() }).safeParse(event);
  if (!body.success)
    return { ok: false, why: 'a body is wanted: {"subject": "ada", "groups": ["operator"]}' };
  try {
    const parsed = wanted.safeParse(JSON.parse(body.data.body));
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, why: explain(parsed.error) };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

async function keyIn(file: string): Promise<JWK> {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const key = await exportJWK(privateKey);
  writeAtomically(file, JSON.stringify(key), 0o600);
  return key;
}

/** A token of a running stack's issuer, for whoever calls its API. */
export async function tokenFrom(api: string, subject: string, groups: readonly string[]): Promise<string> {
  const response = await fetch(`${api}${tokenPath}`, {
    method: "POST",
    body: JSON.stringify({ subject, groups }),
  });
  if (!response.ok) throw new Error(`${api}${tokenPath}: ${response.status} ${await response.text()}`);
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
}
