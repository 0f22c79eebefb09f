/** What a virtual rack is told: its machines, how fast they are, where their network boots lead, and what is wrong with them. */
import * as z from "zod";
import { hardware } from "../../contracts/hardware.ts";
import { mac, nodeId } from "../../contracts/scalars.ts";
import { labNetwork } from "./qemu/network.ts";

const port = z.int().min(0).max(65535);
const spanMs = z.int().min(0).max(3_600_000);

/** How long the stages of a machine's life take; what a real machine spends minutes on. */
const speed = z.strictObject({
  /** From an accepted power command to the change, as on a real BMC. */
  powerMs: spanMs.default(150),
  /** Power-on self-test: from power on to the boot order. */
  postMs: spanMs.default(500),
  /** How long firmware waits for a boot service that does not answer before it turns to the disk. */
  networkWaitMs: spanMs.default(5000),
  kernelMs: spanMs.default(400),
  initMs: spanMs.default(400),
  /** From init to the services that make a running system; the phase is `run` when they listen. */
  runMs: spanMs.default(300),
});

export const hangPhases = ["firmware", "build", "kernel", "init", "run"] as const;
export type HangPhase = (typeof hangPhases)[number];

/**
 * What can be wrong with a machine; at most one of each kind.
 *
 * - `hang`: stuck on entering the phase (for `build`: in the middle of the write), until power is off; then used up.
 *   With `panics` its console says why: a kernel panic.
 *   A node hung in kernel or init has still said that it got there; one hung in run has not, and does not listen.
 * - `dead-bmc`: the BMC's port accepts no connections. `slow-bmc`: every answer comes later.
 * - `ignore-power`: the BMC accepts power commands and nothing happens.
 * - `lost-memory`: a module is lost, and so much is left.
 * - `bad-disk`: what is read back from the disk is not what was written.
 * - `forgets-boot-device`: its BMC says back which device it is to boot, and at its next start the machine boots its disk all
 *   the same; then used up. With a blank disk it sits in firmware.
 */
export const rackFault = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("hang"),
    node: nodeId,
    phase: z.enum(hangPhases),
    panics: z.literal(true).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("dead-bmc"), node: nodeId }),
  z.strictObject({ kind: z.literal("slow-bmc"), node: nodeId, delayMs: spanMs }),
  z.strictObject({ kind: z.literal("ignore-power"), node: nodeId }),
  z.strictObject({ kind: z.literal("bad-disk"), node: nodeId }),
  z.strictObject({ kind: z.literal("forgets-boot-device"), node: nodeId }),
  z.strictObject({ kind: z.literal("lost-memory"), node: nodeId, memoryMiB: hardware.shape.memoryMiB }),
  /** Somebody has an account on the BMC who has none anywhere else. */
  z.strictObject({ kind: z.literal("bmc-account"), node: nodeId, name: z.string().min(1).max(16) }),
]);

/** The body of POST /faults: first what is cleared (without a kind: all of the node's faults), then what is added. */
export const faultChange = z.strictObject({
  clear: z
    .array(
      z.strictObject({
        node: nodeId,
        kind: z
          .enum([
            "hang",
            "dead-bmc",
            "slow-bmc",
            "ignore-power",
            "bad-disk",
            "forgets-boot-device",
            "lost-memory",
            "bmc-account",
          ])
          .exactOptional(),
      }),
    )
    .default([]),
  add: z.array(rackFault).default([]),
});

const { cpus, memoryMiB, disks, nics, firmware, system, lldp } = hardware.shape;
const parts = z.strictObject({
  cpus: cpus.exactOptional(),
  memoryMiB: memoryMiB.exactOptional(),
  disks: disks.unwrap().exactOptional(),
  nics: nics.unwrap().exactOptional(),
  firmware,
  system,
  lldp,
});

const rackNode = z.strictObject({
  id: nodeId,
  macs: z.array(mac).min(1).max(16),
  /** 0: any free port, kept across restarts. */
  bmcPort: port.default(0),
  consolePort: port.default(0),
  /** How this BMC differs: most answer success to On when on, some answer 409. */
  /** What the machine is made of, as far as it differs from the usual one. */
  hardware: parts.default({}),
  /** Its ramdisk can ask its BMC for the address, and tells it. */
  tellsBmcAddress: z.boolean().default(false),
  quirks: z.array(z.enum(["conflict-when-already-there", "refuses-on-after-off"])).default([]),
});
export type RackNode = z.infer<typeof rackNode>;

/** Machines that are in a rack, whoever knows them. */
export const rackMachines = z.array(rackNode).min(1).max(1000);

export const rackConfig = z
  .strictObject({
    schema: z.literal("rackwright.rack/1"),
    /** Where the rack keeps its state and its disks. */
    dir: z.string().min(1),
    controlPort: port.default(0),
    /** The lab's boot service, as DHCP's next-server would name it. */
    bootServer: z.url({ protocol: /^https?$/ }),
    /** Of QEMU machines: their own network, in a namespace; else each has one of QEMU's. */
    network: labNetwork.exactOptional(),
    /** The account on every BMC. */
    credential: z.strictObject({ username: z.string().min(1), password: z.string().min(1) }),
    speed: speed.prefault({}),
    nodes: z.array(rackNode).min(1).max(1000),
    /** Holds for machines that `dir` does not know yet; a known one keeps the faults it has. */
    faults: z.array(rackFault).default([]),
  })
  .superRefine(({ nodes, faults }, context) => {
    const ids = new Set<string>();
    for (const { id } of nodes) {
      if (ids.has(id))
        context.addIssue({ code: "custom", path: ["nodes"], message: `two nodes are called ${id}` });
      ids.add(id);
    }
    for (const { node } of faults) {
      if (!ids.has(node))
        context.addIssue({ code: "custom", path: ["faults"], message: `there is no node ${node}` });
    }
  });
export type RackConfig = z.infer<typeof rackConfig>;
