/** What a caller gives to an operation, as the HTTP request that it becomes. */
import { ProblemError } from "./errors.ts";
import type { OperationCall } from "./schema.ts";

export type Given = Readonly<Record<string, unknown>>;

export interface Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body?: string;
  /** A read, or a create that is known by the caller's key or id: the same again changes nothing. */
  readonly mayRepeat: boolean;
}

export function requestOf(operation: OperationCall, given: Given, token: string | undefined): Request {
  const { method } = operation;
  const { body } = given;
  const headers = headersOf(operation, given, token);
  return {
    method,
    path: pathOf(operation, given),
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    mayRepeat: isRepeatable(method, headers, body),
  };
}

function isRepeatable(method: string, headers: Headers, body: unknown): boolean {
  if (method === "GET" || method === "PUT" || method === "DELETE" || headers.has("idempotency-key"))
    return true;
  return typeof body === "object" && body !== null && typeof Reflect.get(body, "id") === "string";
}

function pathOf({ path, parameters }: OperationCall, given: Given): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const { option, in: place, name } of parameters) {
    const value = given[option];
    if (place === "path") refuseNoName(name, value);
    if (place === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(String(value)));
    if (place === "query" && value !== undefined)
      for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  return query.size === 0 ? filled : `${filled}?${query}`;
}

/** Such a value would make another path of it, and so another operation. */
function refuseNoName(name: string, value: unknown): void {
  if (!/^[.]{0,2}$/.test(String(value))) return;
  const detail = `${JSON.stringify(value)} is no ${name}: nothing has it`;
  throw new ProblemError({ type: "about:blank", title: "Not found", status: 404, detail });
}

/** An operation that knows `Idempotency-Key` is given one, so that each of its requests can be repeated. */
function headersOf(
  { parameters, contentType }: OperationCall,
  given: Given,
  token: string | undefined,
): Headers {
  const headers = new Headers({ accept: "application/json, application/problem+json" });
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (contentType !== null && given["body"] !== undefined) headers.set("content-type", contentType);
  for (const { option, in: place, name } of parameters) {
    if (place !== "header") continue;
    const value =
      given[option] ?? (name.toLowerCase() === "idempotency-key" ? crypto.randomUUID() : undefined);
    if (value !== undefined) headers.set(name, String(value));
  }
  return headers;
}
