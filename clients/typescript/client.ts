/**
 * A client of the HTTP API, typed by docs/openapi.json: every operation by its id, with what it takes and what it gives.
 * Needs nothing but a `fetch`.
 */
import { problemOf, UnreachableError } from "./errors.ts";
import { type Given, requestOf } from "./request.ts";
import { type Operations, operations } from "./schema.ts";

export { ProblemError, UnreachableError } from "./errors.ts";
export type * from "./schema.ts";

export type OperationId = keyof Operations;
export type Input<Id extends OperationId> = Operations[Id]["input"];
export type Answer<Id extends OperationId> = Operations[Id]["answer"];

/** An operation that needs no input may be called without. */
type Arguments<Id extends OperationId> =
  Readonly<Record<never, never>> extends Input<Id> ? [input?: Input<Id>] : [input: Input<Id>];

/** Operations that give one page of a list, and where the next one begins. */
export type PagedId = {
  [Id in OperationId]: Answer<Id> extends { readonly next: string | null } ? Id : never;
}[OperationId];

export interface Reply<T> {
  readonly status: number;
  /** The version of what was read: for `If-Match`, where an operation takes it. */
  readonly etag: string | null;
  readonly body: T;
}

export interface Client {
  /** Calls an operation and gives its answer. Throws ProblemError or UnreachableError. */
  call<Id extends OperationId>(id: Id, ...input: Arguments<Id>): Promise<Answer<Id>>;
  /** The same, with the answer's status and version. */
  reply<Id extends OperationId>(id: Id, ...input: Arguments<Id>): Promise<Reply<Answer<Id>>>;
  /** Page after page to the end of the list. */
  pages<Id extends PagedId>(id: Id, ...input: Arguments<Id>): AsyncGenerator<Answer<Id>, void>;
}

export interface ClientOptions {
  /** Where the API is: `https://lab.example.org`. */
  readonly baseUrl: string;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** How to wait between two tries; by default on the clock. */
  readonly sleep?: ((ms: number) => Promise<void>) | undefined;
}

/** Waits of 0.4, 0.8 and 1.6 seconds lie between them, or what `Retry-After` says. */
const tries = 4;
const firstWaitMs = 400;
/** An API that wants to be left alone for longer is not waited for: the caller is told. */
const longestWaitMs = 60_000;
/** API Gateway gives up on a function after 30 seconds. */
const oneTryMs = 35_000;

export function createClient(options: ClientOptions): Client {
  const { baseUrl, token, fetch: ask = fetch, sleep = sleepOnTheClock } = options;
  const base = baseUrl.replace(/\/+$/, "");

  async function send<T>(id: OperationId, given: Given): Promise<Reply<T>> {
    const { path, mayRepeat, ...request } = requestOf(operations[id], given, token);
    const url = `${base}${path}`;
    const what = `${request.method} ${url}`;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once<T>(
        () => ask(url, { ...request, signal: AbortSignal.timeout(oneTryMs) }),
        what,
      );
      if (answer.kind === "reply") return answer.reply;
      const waitMs = answer.waitMs ?? firstWaitMs * 2 ** (attempt - 1);
      const again = answer.again === "always" || (answer.again === "if-repeatable" && mayRepeat);
      if (!again || attempt === tries || waitMs > longestWaitMs) throw answer.error;
      await sleep(waitMs);
    }
  }

  async function* pages<Id extends PagedId>(id: Id, ...[input]: Arguments<Id>) {
    let next: string | null | undefined;
    do {
      const { body }: Reply<Answer<Id>> = await send(id, {
        ...input,
        ...(next === undefined ? {} : { next }),
      });
      yield body;
      next = body.next;
    } while (next !== null);
  }

  return {
    call: async (id, ...[input]) => (await send<Answer<typeof id>>(id, { ...input })).body,
    reply: (id, ...[input]) => send(id, { ...input }),
    pages,
  };
}

type Tried<T> =
  | { readonly kind: "reply"; readonly reply: Reply<T> }
  | {
      readonly kind: "failure";
      readonly error: Error;
      readonly again: "always" | "if-repeatable" | "never";
      /** What `Retry-After` says. */
      readonly waitMs: number | null;
    };

async function once<T>(ask: () => Promise<Response>, what: string): Promise<Tried<T>> {
  try {
    const response = await ask();
    const { status, headers } = response;
    const text = await response.text();
    if (response.ok) {
      const isJson = headers.get("content-type")?.includes("json") === true;
      const body = isJson ? JSON.parse(text) : text === "" ? undefined : text;
      return { kind: "reply", reply: { status, etag: headers.get("etag"), body } };
    }
    // Too many requests: this one was not looked at.
    const again = status === 429 ? "always" : status >= 500 ? "if-repeatable" : "never";
    return {
      kind: "failure",
      error: problemOf(status, text, what),
      again,
      waitMs: retryAfterMs(headers.get("retry-after")),
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    return {
      kind: "failure",
      error: new UnreachableError(`${what}: the API does not answer: ${why}`),
      // Nobody listens there: nothing was sent.
      again: /ECONNREFUSED/.test(why) ? "always" : "if-repeatable",
      waitMs: null,
    };
  }
}

/** Seconds, or a date. */
function retryAfterMs(text: string | null): number | null {
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

const sleepOnTheClock = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
