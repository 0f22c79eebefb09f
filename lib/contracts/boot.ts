/**
 * What a node and its lab's boot service say to each other over HTTP. The service belongs to the agent's daemon; the
 * other side is iPXE, then our ramdisk, then the installed OS.
 *
 *   GET  /boot/ipxe?mac=AA       an iPXE script: the ramdisk if a network boot is armed for the node, else `boot your disk`
 *   GET  /boot/kernel, /boot/ramdisk
 *   GET  /boot/plan              with the boot's token: what to write
 *   GET  /images/SHA256          with the boot's token; ranges; the bytes served are counted per boot
 *   PUT  /capture/OFFSET         with the token of a boot that reads: a piece of the disk, gzip; one of zeros is left out
 *   POST /capture/whole          the disk's checksum and size: 202 it is being checked, 204 it is kept, 409 it is not
 *   GET  /install/TOKEN/FILE     what an installer is told: ks.cfg, preseed.cfg, user-data, from the lab's template
 *   POST /machine                with the boot's token, or with one that is good for this alone: what the ramdisk runs on
 *   POST /beacon                 with the boot's token, later with the installed OS's: where the node has got to
 *
 * The ramdisk finds `rackwright.url=`, `rackwright.token=` and `rackwright.mac=` (of the interface that asked) on its kernel
 * command line. With `rackwright.mode=discovery` it only tells what it runs on, and restarts the machine: it has no plan and
 * writes nothing. With `rackwright.visit=rescue`, or `rackwright.visit=test` and `rackwright.seconds=`, it stays, and leaves
 * the disk as it is.
 */
import * as z from "zod";
import { phases } from "../core/command.ts";
import { fault, tested } from "./report.ts";
import { installationId, nodeId, revisionId, sha256 } from "./scalars.ts";

/** What the ramdisk is to do. `os` goes onto the written disk, where the installed OS finds it. */
export const bootPlan = z.strictObject({
  schema: z.literal("rackwright.boot-plan/1"),
  node: nodeId,
  installation: installationId,
  image: z.strictObject({ path: z.string(), sha256, sizeBytes: z.int().positive() }),
  /** After the proof of what was written. */
  grow: z.literal("last-partition").exactOptional(),
  /** Before anything is written. */
  wipe: z.literal("whole-disk").exactOptional(),
  os: z.strictObject({
    revision: revisionId,
    /** Lets the installed OS send beacons for as long as this installation is the node's current one. */
    token: z.string().min(20),
    beaconUrl: z.url(),
    /** The agent's own public key (OpenSSH format), for the account `rackwright` on the node. */
    managementKey: z.string().min(1),
  }),
});
export type BootPlan = z.infer<typeof bootPlan>;

/** A disk is read in pieces of this size, the last one shorter. */
export const capturePieceBytes = 2 * 1024 * 1024;

/**
 * What the ramdisk is to do when the disk is to become an image: read it, send it, and leave `os` on it before it restarts.
 * The token in it is a new one, for the one that was there is part of the image now.
 */
export const capturePlan = z.strictObject({
  schema: z.literal("rackwright.capture-plan/1"),
  node: nodeId,
  /** The one that the system on the disk came from, which it keeps. */
  installation: installationId,
  capture: z.strictObject({ path: z.literal("/capture"), pieceBytes: z.literal(capturePieceBytes) }),
  os: bootPlan.shape.os,
});
export type CapturePlan = z.infer<typeof capturePlan>;

export const ramdiskPlan = z.discriminatedUnion("schema", [bootPlan, capturePlan]);

export const captureWhole = z.strictObject({ sha256, sizeBytes: z.int().positive() });

/** The body of POST /beacon. Node, boot and installation are the token's; the sender cannot choose them. */
export const beaconBody = z.strictObject({
  phase: z.enum(phases),
  progress: z.strictObject({ doneBytes: z.int().min(0), totalBytes: z.int().positive() }).exactOptional(),
  verified: z.strictObject({ sha256 }).exactOptional(),
  /** Said by a distribution's installer when all is on the disk. */
  installed: z.literal(true).exactOptional(),
  address: z.string().min(1).max(256).exactOptional(),
  /** The SSH host key of the installed OS (OpenSSH public key format): pins later connections to this very boot. */
  hostKey: z.string().max(2000).exactOptional(),
  /** The SHA-256 fingerprint of the certificate of its WinRM listener, as AA:BB:…: pins them likewise. */
  certificate: z.string().max(200).exactOptional(),
  osBoot: z.string().min(1).max(64).exactOptional(),
  login: z.strictObject({ user: z.string().min(1).max(64) }).exactOptional(),
  fault: fault.exactOptional(),
  tested: tested.exactOptional(),
});
export type BeaconBody = z.infer<typeof beaconBody>;

/**
 * What the guest program `rackwright-guest` in an image answers over SSH, as one line of JSON on standard output; its
 * parameters come as JSON on standard input. `status` changes nothing.
 */
export const guestStatus = z.strictObject({
  revision: revisionId.nullable(),
  osBoot: z.string().min(1).max(64),
  /** The address at which a user reaches this machine, `host` or `host:port`. */
  address: z.string().min(1).max(256),
  /** Logins of granted users in this boot. */
  logins: z.int().min(0),
  users: z.array(z.string()),
  /** Sessions of granted users that are open now. */
  sessions: z.int().min(0),
});
export const guestTasks = [
  "status",
  "grant-access",
  "introduce",
  "revoke-access",
  "sanitize",
  "pre-capture",
  "post-capture",
] as const;
/**
 * `grant-access` takes {user, publicKey}; `introduce` takes {members}, a line for each node of the cluster (address, node, role);
 * `revoke-access` takes {user} and ends the user's sessions; all answer with the status.
 * `pre-capture` takes {user}, ends his sessions, and takes out what must not be in an image: accounts and keys of users, the
 * host's own keys, its machine id, logs. What users have in their home folders stays. `post-capture` takes {user, publicKey}
 * and lets him in again; both are empty where nobody had the node.
 */
export const guestMembers = z.strictObject({ members: z.string().max(4096) });
export const guestGrant = z.strictObject({ user: z.string(), publicKey: z.string() });
