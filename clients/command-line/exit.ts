/** What a command ends with, for scripts: the number, and why it can be that one. */
import { ProblemError, UnreachableError } from "../typescript/client.ts";

export const exits = {
  done: 0,
  failed: 1,
  usage: 2,
  missing: 3,
  forbidden: 4,
  unreachable: 5,
  refused: 6,
  changes: 7,
} as const;

export const exitMeanings: Readonly<Record<keyof typeof exits, string>> = {
  done: "done; of what was watched: it is ready",
  failed:
    "failed: the reservation that was watched ended before it was ready, there is nothing to connect to",
  usage: "wrong usage: an option, an argument, or a value that the API does not take",
  missing: "not found",
  forbidden: "not allowed: no token, or not with this one",
  unreachable: "the API cannot be reached, or is in trouble: try again later",
  refused: "refused: the time is taken, it is over already, it can never be had, the quota is used up",
  changes: "of a plan: there is something to change",
};

/** The caller's mistake, told in one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What was asked for did not come about, and nobody refused it. */
export class FailedError extends Error {
  override readonly name = "FailedError";
}

/** The number of an error that is told to people; null for one that is a mistake of ours. */
export function exitOf(error: unknown): number | null {
  if (error instanceof UsageError) return exits.usage;
  if (error instanceof FailedError) return exits.failed;
  if (error instanceof UnreachableError) return exits.unreachable;
  return error instanceof ProblemError ? exitOfStatus(error.status) : null;
}

function exitOfStatus(status: number): number {
  if (status === 400) return exits.usage;
  if (status === 401 || status === 403) return exits.forbidden;
  if (status === 404) return exits.missing;
  return status >= 500 ? exits.unreachable : exits.refused;
}
