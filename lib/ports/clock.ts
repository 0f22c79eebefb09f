import type { Instant } from "../core/time.ts";

export interface Clock {
  now(): Instant;
}

/** Fresh ids, sortable by time where the adapter can. */
export interface Ids {
  next(prefix: string): string;
}

/** Structured, with the ids that an operator searches for. */
export interface Log {
  info(message: string, details: Readonly<Record<string, unknown>>): void;
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}
