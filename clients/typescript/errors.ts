/** What a call ends in when it does not succeed. */

/** The API said no, and why (RFC 9457). `type` is stable; `detail` says what is wrong and what to do. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  constructor({ type, title, status, detail }: Omit<ProblemError, keyof Error>) {
    super(`${title}: ${detail}`);
    this.type = type;
    this.title = title;
    this.status = status;
    this.detail = detail;
  }
}

/** No answer came. Whether a request that was not safe to repeat has done something is unknown. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** The problem that an answer tells; one that is none of the API's own (a proxy's page) is told as far as it goes. */
export function problemOf(status: number, text: string, call: string): ProblemError {
  const said = parsed(text);
  const member = (name: string): string | null => {
    const value: unknown = typeof said === "object" && said !== null ? Reflect.get(said, name) : null;
    return typeof value === "string" ? value : null;
  };
  return new ProblemError({
    type: member("type") ?? "about:blank",
    title: member("title") ?? `${call} was answered with ${status}`,
    status,
    detail: member("detail") ?? member("message") ?? (text.trim().slice(0, 500) || "without a reason"),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the text itself is shown.
    return null;
  }
}
