/** Everything a virtual machine must not forget when its process ends: what is on its disk, and where it had got to. */
import * as z from "zod";
import { bootPlan, ramdiskPlan } from "../../contracts/boot.ts";
import { installationId, nodeId, sha256 } from "../../contracts/scalars.ts";
import { visit } from "../../contracts/wiring.ts";
import { rackFault } from "./config.ts";

/** The state of the machine, by phase; each holds exactly what it has by then. */
const machine = z.discriminatedUnion("phase", [
  z.strictObject({ phase: z.literal("off") }),
  z.strictObject({
    phase: z.literal("firmware"),
    /** `no-device`: nothing to boot from; a machine sits there for ever. */
    stage: z.enum(["post", "network", "disk", "no-device"]),
  }),
  z.strictObject({
    phase: z.literal("build"),
    stage: z.enum(["writing", "verified", "failed"]),
    /** The boot service and its one-time token, from the kernel command line. */
    url: z.string(),
    token: z.string(),
    plan: ramdiskPlan.nullable(),
    /** What it was booted for, where it writes nothing. */
    visit: visit.nullable().default(null),
    writtenBytes: z.int().min(0),
  }),
  z.strictObject({ phase: z.literal("kernel"), osBoot: z.string(), startedAtMs: z.number() }),
  z.strictObject({ phase: z.literal("init"), osBoot: z.string(), startedAtMs: z.number() }),
  z.strictObject({
    phase: z.literal("run"),
    osBoot: z.string(),
    startedAtMs: z.number(),
    /** Logins of granted users in this boot. */
    logins: z.int().min(0),
  }),
]);
export type MachineState = z.infer<typeof machine>;

/** A disk that carries a whole image, and what its installed system has been told since. */
const disk = z.strictObject({
  installation: installationId,
  sha256,
  sizeBytes: z.int().positive(),
  os: bootPlan.shape.os,
  /** The SSH host key of this installation (OpenSSH private key). */
  hostKey: z.string(),
  users: z.array(z.strictObject({ user: z.string(), publicKey: z.string() })),
});
export type Disk = z.infer<typeof disk>;

export const powerChange = z.enum(["on", "off", "reset"]);
export type PowerChange = z.infer<typeof powerChange>;

const attributes = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** As a machine comes from its maker. */
const factoryBios = {
  BootMode: "Uefi",
  ProcVirtualization: "Disabled",
  SriovGlobalEnable: "Disabled",
  NumaNodesPerSocket: 1,
};

const override = z.strictObject({
  target: z.enum(["None", "Pxe", "Hdd"]),
  enabled: z.enum(["Disabled", "Once", "Continuous"]),
});
export type BootOverride = z.infer<typeof override>;

export const nodeState = z.strictObject({
  schema: z.literal("rackwright.rack-node/1"),
  node: nodeId,
  override,
  /** Accepted by the BMC and not carried out yet, in order. */
  pending: z.array(powerChange),
  machine,
  /** Hung: in its phase until power is off. */
  stuck: z.boolean(),
  bootSource: z.enum(["network", "disk"]).nullable(),
  /** Null when nothing was ever written whole. */
  disk: disk.nullable(),
  faults: z.array(rackFault),
  bios: z
    .strictObject({ attributes, pending: attributes })
    .default(() => ({ attributes: factoryBios, pending: {} })),
});
export type NodeState = z.infer<typeof nodeState>;

/** A machine as it comes out of its box: off, with a blank disk. */
export const newNodeState = (node: NodeState["node"], faults: NodeState["faults"]): NodeState => ({
  schema: "rackwright.rack-node/1",
  node,
  override: { target: "None", enabled: "Disabled" },
  pending: [],
  machine: { phase: "off" },
  stuck: false,
  bootSource: null,
  disk: null,
  faults,
  bios: { attributes: factoryBios, pending: {} },
});

export const isOn = (state: NodeState): boolean => state.machine.phase !== "off";

/** The node's fault of that kind, or null. */
export function faultOf<Kind extends NodeState["faults"][number]["kind"]>(state: NodeState, kind: Kind) {
  const is = (fault: NodeState["faults"][number]): fault is Extract<typeof fault, { kind: Kind }> =>
    fault.kind === kind;
  return state.faults.find(is) ?? null;
}
