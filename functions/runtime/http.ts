/** HTTP answers: JSON, or a problem (RFC 9457) that says what is wrong and what to do. */
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type * as z from "zod";
import { explain } from "../../lib/contracts/scalars.ts";
import type { Problem } from "../../lib/contracts/views.ts";

export type Answer = APIGatewayProxyStructuredResultV2;

export const json = (statusCode: number, body: unknown): Answer => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

export function problem(status: number, code: string, title: string, detail: string): Answer {
  const body: Problem = { type: `urn:rackwright:problem:${code}`, title, status, detail };
  return {
    statusCode: status,
    headers: { "content-type": "application/problem+json" },
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
        answer: problem(400, "invalid", "The body is not as it should be", explain(parsed.error)),
      };
}
