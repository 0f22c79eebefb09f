/**
 * What may make somebody look at a node. Every message only means: look at this node (design §2). What it carries beyond
 * that is evidence, believed only if it belongs to the current command, boot or installation.
 */
import type { Beacon, CommandResult } from "../command.ts";
import type { Sighting } from "../console/console.ts";
import type { MachineId } from "../ids.ts";
import type { HardwareIssue } from "../timeline.ts";
import type { Capacity } from "./hardware.ts";
import type { Loan } from "./loan.ts";
import type { Actor, JobRequest, Order, Upkeep } from "./node.ts";
import type { SwitchPort } from "./wiring.ts";

export type NodeEvent =
  | { readonly kind: "look"; readonly actor: Actor }
  | { readonly kind: "command"; readonly result: CommandResult; readonly actor: Actor }
  /** `earlier`: what the same node has told before that, and nobody has looked at yet; the oldest first. */
  | {
      readonly kind: "beacon";
      readonly earlier?: readonly Beacon[];
      readonly beacon: Beacon;
      readonly actor: Actor;
    }
  /** A line on its console that means something. */
  | { readonly kind: "console"; readonly sighting: Sighting; readonly actor: Actor }
  | { readonly kind: "job"; readonly request: JobRequest; readonly actor: Actor }
  | { readonly kind: "offline"; readonly reason: string; readonly actor: Actor }
  | { readonly kind: "online"; readonly reason: string; readonly actor: Actor }
  /** Something stands in the node's hardware log, or is settled there. */
  | { readonly kind: "issue"; readonly issue: HardwareIssue; readonly actor: Actor }
  /** A machine was found that is this node. `replaces`: a person says so of a node that had another one. */
  | {
      readonly kind: "identified";
      readonly machine: MachineId;
      readonly by: string;
      readonly evidence: string;
      readonly replaces: boolean;
      /** Undefined: its people say what it has. */
      readonly capacity?: Capacity;
      /** Its first test, before anybody gets it. */
      readonly burnIn?: Extract<Order, { kind: "burn-in" }>;
      readonly actor: Actor;
    }
  /** What it is reserved by has changed in its lab's file. */
  | {
      readonly kind: "settings";
      readonly class: string;
      readonly tags: readonly string[];
      readonly switchPort: SwitchPort | null;
      readonly biosProfile: string | null;
      /** Undefined: as it is known now. */
      readonly rack?: string | null;
      readonly capacity?: Capacity | null;
      /** What is different, by the names that its people give it. */
      readonly fields: readonly string[];
      readonly actor: Actor;
    }
  /** It is lent to somebody, or given back by him (null). */
  | { readonly kind: "loan"; readonly loan: Loan | null; readonly reason: string; readonly actor: Actor }
  /** It is to be kept out: for maintenance, or for good. */
  | { readonly kind: "upkeep"; readonly upkeep: Omit<Upkeep, "actor" | "since">; readonly actor: Actor }
  /** An operator needs the shell no more. */
  | { readonly kind: "end-rescue"; readonly reason: string; readonly actor: Actor }
  /** Its record comes from a backup. */
  | { readonly kind: "restored"; readonly reason: string; readonly actor: Actor }
  /** An operator gives back a quarantined node or one in maintenance: it is inspected or reloaded first. */
  | { readonly kind: "give-back"; readonly reason: string; readonly actor: Actor };
