/**
 * A job from outside: a message on the jobs queue, or the body that the API makes of a request. `docs/jobs.md` is
 * generated from this schema. The id is the sender's, and the same id again changes nothing.
 */
import * as z from "zod";
import { slug } from "../core/ids.ts";
import { minimumHardware } from "./hardware.ts";
import { at, imageId, labFileName, labId, nodeId, projectId, reservationId, words } from "./scalars.ts";
import { mostTestMinutes, networkWish } from "./wiring.ts";

export const jobSchema = "rackwright.job/1";

/** The reservation's item holds the names of all of them. */
export const mostNodes = 500;

const sshKey =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]{16,8000}( [^\n\r]{0,200})?$/;

export const powerChange = z.enum(["on", "off", "cycle"]).describe("cycle: off, proved off, and on again.");

export const requirements = {
  image: imageId
    .nullable()
    .default(null)
    .describe("A registered image; its production revision is loaded. Null: `roles` say which."),
  roles: z
    .array(
      z.strictObject({
        name: words(63).regex(slug, "is no name of a role: lower-case letters, digits, dot, dash"),
        image: imageId,
        count: z.int().min(1).max(mostNodes).default(1),
      }),
    )
    .max(20)
    .default([])
    .describe("A cluster: nodes with different images, all of them or none, instead of `image` and `count`."),
  count: z.int().min(1).max(mostNodes).default(1).describe("How many nodes, all of them or none."),
  minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 30)
    .default(60)
    .describe("How long, from its start."),
  start: at
    .nullable()
    .default(null)
    .describe(
      "When the nodes are to be ready, in milliseconds since 1970; null: as soon as there are some, and then for the whole time.",
    ),
  class: words(63).default("standard").describe("Class of the nodes."),
  tags: z.array(words(63)).max(20).default([]).describe("Tags that each node must have."),
  minimum: minimumHardware
    .exactOptional()
    .describe(
      "What each node must at least have, beside what its image needs: cpus, memoryMiB, diskGiB, nics, features.",
    ),
  project: projectId
    .nullable()
    .default(null)
    .describe("The project in whose quota it counts; null: a user's counts in his own."),
  lab: labId.nullable().default(null).describe("Only nodes of this lab; null: any lab."),
  network: networkWish
    .exactOptional()
    .describe(
      "What is wished of the nodes' switch ports, in the words of their lab's driver: VLANs, for instance.",
    ),
  prefer: z.array(nodeId).max(mostNodes).default([]).describe("Nodes to take first if they are free."),
  user: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,31}$/, "is not an account name")
    .default("student")
    .describe("The account that gets access to the nodes."),
  publicKey: z
    .string()
    .regex(sshKey, "is not an SSH public key")
    .nullable()
    .default(null)
    .describe("Its SSH public key; without one nobody can log in."),
  email: z
    .email()
    .max(320)
    .nullable()
    .default(null)
    .describe(
      "Where its user is told that it is ready, ends soon, or failed. Null: as the token says, if it does.",
    ),
};

export const capture = {
  image: imageId
    .nullable()
    .default(null)
    .describe(
      "What it becomes a revision of: an image that there is, or a new one. Null: what is on the node.",
    ),
  comment: words(500)
    .default("no comment")
    .describe("What was changed, for whoever chooses among revisions."),
};

/** At the end of a reservation, so that no work is lost: first captured, then taken back. */
export const lastCapture = z
  .strictObject({
    ...capture,
    node: nodeId.nullable().default(null).describe("Null: the only node of the reservation."),
  })
  .nullable()
  .default(null);
export const burnIn = {
  minutes: z.int().min(1).max(mostTestMinutes).default(60).describe("How long it is tested."),
  test: labFileName
    .nullable()
    .default(null)
    .describe("A test program of the lab's on its controllers; null: what our ramdisk can test."),
};

export const rescue = {
  minutes: z.int().min(1).max(1440).default(60).describe("It is over after this, ended or not."),
  reason: words(500).nullable().default(null).describe("Why. Wanted for a node that somebody uses."),
};

const message = {
  schema: z.literal(jobSchema),
  id: reservationId.describe(
    "Chosen by the sender; the same id again changes nothing. Lower-case letters, digits, . _ -",
  ),
};

export const jobMessage = z.discriminatedUnion("kind", [
  z
    .strictObject({
      ...message,
      kind: z.literal("reserve"),
      owner: words(200).describe("Whose reservation it is."),
      ...requirements,
    })
    .describe("Reserve nodes with an image. The reservation gets the job's id."),
  z
    .strictObject({
      ...message,
      kind: z.literal("end"),
      reservation: reservationId,
      reason: words(500).default("ended by a job"),
      capture: lastCapture.describe("Make an image of a node before it is taken back; null: of none."),
    })
    .describe("End a reservation: its nodes are reclaimed."),
  z
    .strictObject({
      ...message,
      kind: z.literal("extend"),
      reservation: reservationId,
      end: at.describe("When it is to end, in milliseconds since 1970."),
    })
    .describe("Let a reservation end later, if nobody else has been promised its nodes by then."),
  z
    .strictObject({
      ...message,
      kind: z.literal("reload"),
      node: nodeId,
      image: imageId.describe("Its production revision is loaded."),
    })
    .describe("Load a node anew as soon as it is free. It waits behind what the node is doing."),
  z
    .strictObject({ ...message, kind: z.literal("capture"), node: nodeId, ...capture })
    .describe(
      "Make an image of what is on a node that is in use or free. Its user goes on working afterwards.",
    ),
  z
    .strictObject({
      ...message,
      kind: z.literal("power"),
      node: nodeId,
      change: powerChange,
      reason: words(500).nullable().default(null).describe("Why. Wanted for a node that somebody uses."),
    })
    .describe(
      "Switch a node on, off, or off and on: at once if it is at rest or in use, else as soon as it is.",
    ),
  z
    .strictObject({ ...message, kind: z.literal("bios"), node: nodeId })
    .describe(
      "Set a node's firmware as its BIOS profile wants it, as soon as the node is free. It is restarted.",
    ),
  z
    .strictObject({ ...message, kind: z.literal("burn-in"), node: nodeId, ...burnIn })
    .describe("Test a node's machine as soon as it is free, and quarantine it if it fails."),
  z
    .strictObject({ ...message, kind: z.literal("rescue"), node: nodeId, ...rescue })
    .describe(
      "Boot a node into a shell on its console for a while; it keeps its place, and its disk as it is.",
    ),
  z
    .strictObject({ ...message, kind: z.literal("identify"), node: nodeId })
    .describe("Light a node's machine up for two minutes, so that a person finds it in the racks."),
  z
    .strictObject({ ...message, kind: z.literal("inspect"), node: nodeId })
    .describe(
      "Read a node's power state as soon as it is free, and quarantine it if its BMC does not answer.",
    ),
]);
export type JobMessage = z.infer<typeof jobMessage>;
