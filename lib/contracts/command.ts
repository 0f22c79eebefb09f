/** Commands on their way to an agent, and what the agent answers at once: see docs/architecture.md, “Hands”. */
import * as z from "zod";
import { buildCalls, type Command, type CommandResult } from "../core/command.ts";
import { consoleSettings } from "./console.ts";
import { commandResult } from "./report.ts";
import {
  at,
  bootId,
  commandId,
  imageId,
  imageSettings,
  installationId,
  journalId,
  labFileName,
  labId,
  mac,
  nodeId,
  revisionId,
  sha256,
  words,
} from "./scalars.ts";
import { biosAttributes, mostTestMinutes, networkWish, visit } from "./wiring.ts";

export const imageContent = z.strictObject({ sha256, sizeBytes: z.int().positive() });

const channel = z.enum(["ssh", "winrm"]).exactOptional();

export const action = z.discriminatedUnion("verb", [
  z.strictObject({ verb: z.literal("power.on") }),
  z.strictObject({ verb: z.literal("power.off") }),
  z.strictObject({ verb: z.literal("power.cycle") }),
  z.strictObject({ verb: z.literal("power.reset") }),
  z.strictObject({ verb: z.literal("power.status") }),
  z.strictObject({ verb: z.literal("bmc.accounts") }),
  z.strictObject({
    verb: z.literal("boot.set"),
    device: z.enum(["network", "disk"]),
    persistence: z.enum(["once", "continuous"]),
  }),
  z.strictObject({
    verb: z.literal("netboot.set"),
    installation: installationId,
    boot: bootId,
    revision: revisionId,
    image: imageContent,
    grow: z.literal("last-partition").exactOptional(),
    wipe: z.literal("whole-disk").exactOptional(),
  }),
  z.strictObject({
    verb: z.literal("netboot.install"),
    installation: installationId,
    boot: bootId,
    revision: revisionId,
    distro: labFileName,
    template: labFileName,
    variables: imageSettings,
  }),
  z.strictObject({
    verb: z.literal("netboot.visit"),
    installation: installationId,
    boot: bootId,
    visit,
  }),
  z.strictObject({ verb: z.literal("netboot.clear") }),
  z.strictObject({ verb: z.literal("image.prefetch"), image: imageContent }),
  z.strictObject({ verb: z.literal("image.remove"), sha256 }),
  z.strictObject({
    verb: z.literal("image.capture"),
    installation: installationId,
    boot: bootId,
    installed: installationId,
    revision: revisionId,
  }),
  z.strictObject({
    verb: z.literal("network.apply"),
    switch: words(63),
    driver: labFileName,
    address: z.string().max(256),
    port: words(63),
    purpose: z.enum(["provisioning", "reserved"]),
    wish: networkWish,
  }),
  z.strictObject({
    verb: z.literal("bios.read"),
    driver: labFileName.nullable(),
    names: z.array(z.string().max(128)).max(64),
  }),
  z.strictObject({
    verb: z.literal("bios.apply"),
    driver: labFileName.nullable(),
    attributes: biosAttributes,
  }),
  z.strictObject({
    verb: z.literal("test.call"),
    test: labFileName,
    run: installationId,
    minutes: z.int().min(1).max(mostTestMinutes),
  }),
  z.strictObject({ verb: z.literal("os.probe"), channel }),
  z.strictObject({ verb: z.literal("os.address"), channel }),
  z.strictObject({ verb: z.literal("os.sessions"), channel }),
  z.strictObject({ verb: z.literal("os.reach"), channel, withinMs: z.number().min(0).max(3_600_000) }),
  z.strictObject({
    verb: z.literal("os.run"),
    channel,
    mayFail: z.literal(true).exactOptional(),
    task: z.enum(["grant-access", "introduce", "revoke-access", "sanitize", "pre-capture", "post-capture"]),
    parameters: z.record(z.string().max(64), z.string().max(4096)),
  }),
  z.strictObject({
    verb: z.literal("build.call"),
    system: labFileName,
    call: z.enum(buildCalls),
    installation: installationId,
    attempt: z.int().min(1),
    image: imageId,
    revision: revisionId,
    settings: imageSettings,
    capture: z.strictObject({ image: imageId, comment: z.string().max(500) }).exactOptional(),
  }),
  z.strictObject({
    verb: z.literal("vm.create"),
    installation: installationId,
    revision: revisionId.exactOptional(),
    image: imageContent,
    memoryMib: z.int().min(16).max(16_777_216),
    cpus: z.int().min(1).max(1024),
    diskGib: z.int().min(1).max(65_536),
  }),
  z.strictObject({ verb: z.literal("vm.remove"), installation: installationId }),
  z.strictObject({ verb: z.literal("vm.capture"), installation: installationId }),
  z.strictObject({ verb: z.literal("console.tail"), lines: z.int().min(1).max(200) }),
  z.strictObject({ verb: z.literal("identify"), seconds: z.int().min(0).max(240) }),
  z.strictObject({ verb: z.literal("fence") }),
]);

export const powerSettings = z.strictObject({
  driver: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "is not a power driver's name"),
  address: z.string().regex(/^[\x21-\x7e]{1,256}$/, "is not an address"),
  /** They end up as lines on a tool's standard input: nothing that could end a line is let in. */
  options: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, "is not the name of an option"),
      z.string().regex(/^[\x20-\x7e]{0,256}$/, "holds something else than printable ASCII"),
    )
    .refine((options) => Object.keys(options).length <= 16, "has more than 16 options"),
  domain: z.string().min(1).max(128),
  credential: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._/-]{0,127}$/, "is not the name of a secret")
    .refine((name) => !name.includes(".."), "must not contain .."),
  quiescentMs: z.int().min(0).max(600_000),
});

export const command = z.strictObject({
  id: commandId,
  node: nodeId,
  lab: labId,
  journal: journalId,
  epoch: z.int().min(1),
  notAfter: at,
  mustEnd: at,
  actions: z
    .array(action)
    .min(1)
    .max(8)
    .refine(
      (actions) => actions.length === 1 || !actions.some(({ verb }) => verb === "fence"),
      "a fence stands alone",
    ),
  target: z.strictObject({
    macs: z.array(mac).max(16),
    power: powerSettings,
    console: consoleSettings.exactOptional(),
  }),
}) satisfies z.ZodType<Command>;

/**
 * What one SSM command carries: many of our commands for one lab controller, as base64url JSON in the document's only
 * parameter. At most 50 commands and 32 KiB (design §5).
 */
export const delivery = z.strictObject({
  schema: z.literal("rackwright.delivery/1"),
  commands: z.array(z.unknown()).min(1).max(50),
});

export const maximumDeliveryBytes = 32 * 1024;

const result: z.ZodType<CommandResult> = commandResult;

/** What `rackwright-agent run` prints, on one line. A refused command names its reason; it has touched nothing. */
export const receipt = z.strictObject({
  schema: z.literal("rackwright.receipt/1"),
  journal: journalId,
  commands: z.array(
    z.discriminatedUnion("verdict", [
      z.strictObject({ verdict: z.literal("accepted"), id: commandId }),
      z.strictObject({
        verdict: z.literal("known"),
        id: commandId,
        status: z.string(),
        /** How it ended, without what tools printed; null while it runs, or where the line would become too long. */
        result: result.nullable(),
      }),
      z.strictObject({ verdict: z.literal("refused"), id: z.string().nullable(), reason: z.string() }),
    ]),
  ),
});
export type Receipt = z.infer<typeof receipt>;
