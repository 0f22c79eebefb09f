/** A block: the same nodes for the same purpose at many times, such as a class that meets every Tuesday. Pure. */
import type { BlockId, ReservationId } from "./ids.ts";
import { branded, isReservationId } from "./ids.ts";
import { after, type Instant, type Ms } from "./time.ts";

/** One of a block's times that was not to be had when it came near. */
export interface RefusedTime {
  /** Its place among the block's times, from 0. */
  readonly index: number;
  readonly start: Instant;
  readonly at: Instant;
  /** Of the fault that it was refused with. */
  readonly code: string;
  readonly reason: string;
}

export interface Block<Request> {
  readonly id: BlockId;
  readonly version: number;
  readonly owner: string;
  /** A user has made it: without a project its times count in his own quota. */
  readonly bound: boolean;
  /** What is reserved each time. */
  readonly request: Request;
  /** When, in order. The caller has made them from his calendar, with its time zone and holidays. */
  readonly starts: readonly Instant[];
  /** So many of them are done with: they have a reservation, or were refused one. */
  readonly made: number;
  /** Those of them that could not be reserved, in order. */
  readonly refused: readonly RefusedTime[];
  /** Why it makes no more; null: it does. */
  readonly ended: string | null;
}

/** The time that the write of this version has refused; null: it was another kind of write. */
export function justRefused<Request>({ made, refused, ended }: Block<Request>): RefusedTime | null {
  const last = refused.at(-1);
  return last !== undefined && ended === null && last.index === made - 1 ? last : null;
}

/** The reservation of one of its times: the same one however often it is asked for. */
export const reservationIdOf = (block: BlockId, index: number): ReservationId =>
  branded(isReservationId, `${block}.${index + 1}`);

/** Which of its times can be reserved now, being near enough. */
export function nextStarts<Request>(
  { starts, made, ended }: Block<Request>,
  now: Instant,
  horizonMs: Ms,
): readonly { readonly index: number; readonly start: Instant }[] {
  if (ended !== null) return [];
  return starts
    .map((start, index) => ({ index, start }))
    .slice(made)
    .filter(({ start }) => start <= after(now, horizonMs));
}
