/** HTTP answers: JSON, or a problem (RFC 9457) that says what is wrong and what to do. */
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type * as z from "zod";
import { explain } from "../../lib/contracts/scalars.ts";
import type { Problem } from "../../lib/contracts/views.ts";

export type Answer = APIGatewayProxyStructuredResultV2;

/** One thing goes with its version as its ETag: sent back as `If-Match`, a change is made to nothing newer. */
export function json(statusCode: number, body: unknown): Answer {
  const version = typeof body === "object" && body !== null && "version" in body ? body.version : null;
  return {
    statusCode,
    headers: {
      "content-type": "application/json",
      ...(typeof version === "number" ? { etag: `"${version}"` } : {}),
    },
    body: JSON.stringify(body),
  };
}

export function problem(
  status: number,
  code: string,
  title: string,
  detail: string,
  {
    retryAfterSeconds = null,
    errors = [],
  }: { readonly retryAfterSeconds?: number | null; readonly errors?: NonNullable<Problem["errors"]> } = {},
): Answer {
  const about = `urn:rackwright:problem:${code}`;
  const body: Problem = { type: about, title, status, detail, ...(errors.length === 0 ? {} : { errors }) };
  return {
    statusCode: status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) }),
    },
    body: JSON.stringify(body),
  };
}

export const notFound = (what: string): Answer =>
  problem(404, "not-found", "Not found", `there is no ${what}`);

/** The body as the shape, or the answer that says where it is wrong. */
export function parseBody<T>(
  shape: z.ZodType<T>,
  body: string | undefined,
): { ok: true; value: T } | { ok: false; answer: Answer } {
  let value: unknown;
  try {
    value = JSON.parse(body ?? "");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, answer: problem(400, "not-json", "The body is not JSON", why) };
  }
  const parsed = shape.safeParse(value);
  return parsed.success
    ? { ok: true, value: parsed.data }
    : {
        ok: false,
        answer: problem(400, "invalid", "The body is not as it should be", explain(parsed.error), {
          errors: parsed.error.issues.map(({ path, message }) => ({
            pointer: pointerTo(path),
            detail: message,
          })),
        }),
      };
}

/** The query as the shape, or the answer that says which parameter is wrong. */
export function parseQuery<T>(
  shape: z.ZodType<T>,
  query: unknown,
): { ok: true; value: T } | { ok: false; answer: Answer } {
  const parsed = shape.safeParse(query);
  if (parsed.success) return { ok: true, value: parsed.data };
  const errors = parsed.error.issues.map(({ path, message }) => ({
    parameter: path.join("."),
    detail: message,
  }));
  const detail = explain(parsed.error);
  return {
    ok: false,
    answer: problem(400, "invalid", "The query is not as it should be", detail, { errors }),
  };
}

/** A JSON Pointer (RFC 6901) as the fragment of a URI. */
const pointerTo = (path: readonly PropertyKey[]): string =>
  `#${path.map((each) => `/${encodeURIComponent(String(each).replaceAll("~", "~0").replaceAll("/", "~1"))}`).join("")}`;
