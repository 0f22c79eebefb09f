/** The store: where the truth is. Every write states what it expects to find (style rule 10). */
import type { Identified } from "../contracts/keys.ts";
import type { Kind, Ref, Stored } from "../contracts/stored.ts";
import type { Instant } from "../core/time.ts";

/** The version that must be stored now; `absent`: nothing may be; `any`: what is there does not matter (progress, job ends). */
export type Expected = number | "absent" | "any";

export type Write = {
  readonly [K in Kind]: { readonly kind: K; readonly value: Stored[K]; readonly expect: Expected };
}[Kind];

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it on to read what follows; null at the end. */
  readonly next: string | null;
}

/** The truth. */
export interface Records {
  /** Strongly consistent. Null where there is nothing. */
  read<K extends Identified>(kind: K, id: string): Promise<Stored[K] | null>;

  /** Those of the ids that there are, in their order. Strongly consistent each, not all of one moment. */
  readMany<K extends Identified>(kind: K, ids: readonly string[]): Promise<readonly Stored[K][]>;

  /** All or nothing, at most 100 writes. `conflict`: an expectation did not hold, nothing was written: read again. */
  commit(writes: readonly Write[]): Promise<"committed" | "conflict">;
}

/** What can be listed. */
export type Listed = "node" | "reservation" | "lab" | "image" | "machine" | "issue" | "project" | "block";

/** What has an owner who may list it. */
export type Owned = "reservation" | "block";

/** With the deadline that the index has of it. */
export type Due = Ref & { readonly due: Instant };

/** Ways to find what to look at. They may lag behind: whoever acts reads the record again. */
export interface Indexes {
  /** What is due by then in one scope (a lab, or `reservations`), oldest first. */
  due(scope: string, by: number, limit: number): Promise<readonly Due[]>;

  /** The members of a pool (`freeKey`, `lineKey`), first first. */
  pool(pool: string, limit: number): Promise<readonly string[]>;

  /** All of a kind, in the order of the `list` index. */
  list<K extends Listed>(kind: K, limit: number, from: string | null): Promise<Page<Stored[K]>>;

  /** What the nodes of a lab are, by their ids. */
  enrolled(lab: string, limit: number, from: string | null): Promise<Page<Stored["node-spec"]>>;

  /** What somebody has of a kind, in the order of the `owner` index: of reservations those that go on, then the latest first. */
  owned<K extends Owned>(
    kind: K,
    owner: string,
    limit: number,
    from: string | null,
  ): Promise<Page<Stored[K]>>;
}

/** What has happened. */
export interface History {
  /** A timeline from a sequence number on, in order. */
  timeline(entity: Ref, afterSequence: number, limit: number): Promise<readonly Stored["timeline"][]>;

  /** All revisions of an image. */
  revisions(image: string): Promise<readonly Stored["revision"][]>;

  /** A node's hardware log. */
  issues(node: string): Promise<readonly Stored["issue"][]>;
}

export type Store = Records & Indexes & History;
