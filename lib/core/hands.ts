/**
 * Whose hands carry out a command. A power domain is leased to one lab controller at a time; the lease moves only when
 * everything that was ever sent under it must have ended, so that two controllers never have their hands on one BMC
 * (design §5, “Hands are exclusive”). A controller counts by its journal: one that was set up anew, and so has forgotten
 * what it did, is given nothing until what the old one was given must have ended. Pure.
 */
import type { ControllerId, JournalId, LabId } from "./ids.ts";
import { after, type Instant, instant, type Ms } from "./time.ts";

export interface Controller {
  readonly id: ControllerId;
  readonly version: number;
  /** Commands name it. */
  readonly journal: JournalId;
  /** Another journal speaks for the controller since then; it is admitted when all that the old one was sent must have ended. */
  readonly candidate: { readonly journal: JournalId; readonly since: Instant } | null;
  /** Heard of lately, as far as anybody has looked. A lease goes to one that is, where there is one. */
  readonly reachable: boolean;
  /** Since when it is, or is not, as far as anybody has looked. */
  readonly since?: Instant;
}

/** None of a lab's controllers can be reached, as far as anybody has looked: its nodes' clocks stand still. */
export const isSilent = (controllers: readonly (Controller | null)[]): boolean => {
  const known = controllers.filter((each) => each !== null);
  return known.length > 0 && known.every(({ reachable }) => !reachable);
};

/** Since when none of them can be reached; null: one can, or nobody has looked yet. */
export function silentSince(controllers: readonly (Controller | null)[]): Instant | null {
  if (!isSilent(controllers)) return null;
  const since = controllers.flatMap((each) => each?.since ?? []);
  return since.length === 0 ? null : instant(Math.max(...since));
}

/** Silent for so long that nobody waits for the lab any more: a lab's own deadline, which stands for those of its nodes. */
export function isAbandoned(
  controllers: readonly (Controller | null)[],
  now: Instant,
  abandonMs: Ms,
): boolean {
  const since = silentSince(controllers);
  return since !== null && now >= after(since, abandonMs);
}

export interface Lease {
  readonly lab: LabId;
  readonly domain: string;
  readonly version: number;
  readonly owner: ControllerId;
  /** Grows whenever the lease moves. */
  readonly generation: number;
  /** No `mustEnd` of a command of the owner lies behind this. */
  readonly until: Instant;
}

export interface HandsPolicy {
  /** A lease is prolonged by so much more than is needed, so that not every command writes it. */
  readonly leaseMs: Ms;
  /** Clocks of controllers may differ from ours by half of this; the agent does no power work when they differ by more. */
  readonly clockMarginMs: Ms;
  /** From the moment when a command is sent to its `mustEnd`, at most. */
  readonly commandMs: Ms;
}

/** A journal that was heard of, taken down; null: nothing new. The first is admitted at once: nobody was given anything before. */
export function heard(
  known: Controller | null,
  { id, journal, now }: { readonly id: ControllerId; readonly journal: JournalId; readonly now: Instant },
  policy: HandsPolicy,
): Controller | null {
  if (known === null) return { id, version: 1, journal, candidate: null, reachable: true, since: now };
  const next = { ...known, version: known.version + 1 };
  // Another one spoke meanwhile: that was the last of an earlier journal, come late.
  if (known.journal === journal) return known.candidate === null ? null : { ...next, candidate: null };
  if (known.candidate?.journal !== journal) return { ...next, candidate: { journal, since: now } };
  return usable(known, policy).from <= now ? { ...next, journal, candidate: null } : null;
}

interface Usable {
  readonly reachable: boolean;
  readonly id: ControllerId;
  readonly journal: JournalId;
  readonly from: Instant;
}

function usable({ id, journal, candidate, reachable }: Controller, policy: HandsPolicy): Usable {
  if (candidate === null) return { id, journal, reachable, from: instant(0) };
  const from = after(candidate.since, policy.commandMs + policy.clockMarginMs);
  return { id, journal: candidate.journal, reachable, from };
}

export type Assigned =
  | {
      readonly assigned: true;
      readonly controller: ControllerId;
      readonly journal: JournalId;
      /** Not to be sent before. */
      readonly at: Instant;
      /** As it is to be stored; `until` is set by `prolonged`. */
      readonly lease: Lease;
    }
  | { readonly assigned: false; readonly why: string };

export interface Assignment {
  readonly lab: LabId;
  readonly domain: string;
  /** Those of the lab that have reported in, in the order of the lab file. */
  readonly controllers: readonly Controller[];
  readonly lease: Lease | null;
  readonly now: Instant;
  readonly policy: HandsPolicy;
  /** The owner has not said a word about a command until the command must have ended. */
  readonly silent: boolean;
}

/** Who gets the next command of a power domain, and from when on. */
export function assign({ lab, domain, controllers, lease, now, policy, silent }: Assignment): Assigned {
  const all = controllers.map((each) => usable(each, policy));
  const ownerAt = all.findIndex(({ id }) => id === lease?.owner);
  // The next in line, so that two silent ones do not hand a domain to each other while a third is well.
  const others = [...all.slice(ownerAt + 1), ...all.slice(0, Math.max(0, ownerAt))];
  const owner = all[ownerAt];
  const stays = owner !== undefined && (!silent || others.length === 0);
  const next = stays ? owner : soonest(others, now);
  if (next === undefined) {
    return { assigned: false, why: `none of the controllers of lab ${lab} has reported in` };
  }
  const moves = lease !== null && lease.owner !== next.id;
  const free = moves ? after(lease.until, policy.clockMarginMs) : now;
  const at = instant(Math.max(now, next.from, free));
  const generation = (lease?.generation ?? 0) + (lease === null || moves ? 1 : 0);
  return {
    assigned: true,
    controller: next.id,
    journal: next.journal,
    at,
    lease: {
      lab,
      domain,
      version: lease?.version ?? 0,
      owner: next.id,
      generation,
      until: moves || lease === null ? at : lease.until,
    },
  };
}

const soonest = (candidates: readonly Usable[], now: Instant): Usable | undefined =>
  candidates.find(({ from, reachable }) => from <= now && reachable) ??
  candidates.find(({ from }) => from <= now) ??
  candidates[0];

/** The lease covers the command. Null: it does already, and needs no write. */
export function prolonged(
  { lease, stored, mustEnd }: { lease: Lease; stored: Lease | null; mustEnd: Instant },
  policy: HandsPolicy,
): Lease | null {
  const same = stored !== null && stored.owner === lease.owner && stored.until >= mustEnd;
  return same ? null : { ...lease, version: lease.version + 1, until: after(mustEnd, policy.leaseMs) };
}
