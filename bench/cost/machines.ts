/**
 * Machines that do at once, in virtual time, what real ones spend minutes on, and the agent that tells of it. The spans are
 * those that Apache VCL has in its schema for a bare-metal load (mysql/vcl.sql: reboot 100 s, image 175 s, boot 68 s).
 */
import type { Report } from "../../lib/contracts/report.ts";
import type { ActionResult, Beacon, Command, Phase } from "../../lib/core/command.ts";
import type { InstallationId, NodeId, RevisionId } from "../../lib/core/ids.ts";
import { after, type Instant, seconds } from "../../lib/core/time.ts";

export const spans = {
  /** From a command's arrival to its result. */
  commandMs: seconds(10),
  postMs: seconds(100),
  writeMs: seconds(175),
  verifyMs: seconds(20),
  bootMs: seconds(68),
} as const;

/** How often a ramdisk says how far it has written; its agent tells the last word of a minute. */
const saysEveryMs = seconds(5);

interface Machine {
  power: "on" | "off";
  installation: InstallationId | null;
  revision: RevisionId | null;
  accounts: number;
  boots: number;
}

export type Tell = (inMs: number, report: Report) => void;

export function createMachines({
  sha256,
  now,
  tell,
}: {
  readonly sha256: string;
  readonly now: () => Instant;
  readonly tell: Tell;
}) {
  const machines = new Map<NodeId, Machine>();
  const done = new Set<string>();

  const machineOf = (node: NodeId): Machine => {
    const known = machines.get(node) ?? {
      power: "off",
      installation: null,
      revision: null,
      accounts: 0,
      boots: 0,
    };
    machines.set(node, known);
    return known;
  };
  const osOf = (node: NodeId, { revision, boots, accounts }: Machine) => ({
    revision,
    osBoot: `${node}.${boots}`,
    logins: 0,
    accounts,
    sessions: 0,
  });

  function resultOf(command: Command, machine: Machine): ActionResult[] {
    const { node } = command;
    return command.actions.map((action): ActionResult => {
      const { verb } = action;
      switch (action.verb) {
        case "power.off":
          machine.power = "off";
          return { verb, outcome: "done", observed: { power: "off" } };
        case "power.on":
          machine.power = "on";
          return { verb, outcome: "done", observed: { power: "on" } };
        case "power.status":
          return { verb, outcome: "done", observed: { power: machine.power } };
        case "os.address":
          return { verb, outcome: "done", observed: { address: `${node}.lab.example` } };
        case "os.run":
          machine.accounts = action.task === "grant-access" ? 1 : 0;
          return { verb, outcome: "done", observed: { os: osOf(node, machine) } };
        case "os.probe":
          return { verb, outcome: "done", observed: { os: osOf(node, machine) } };
        case "netboot.set":
          machine.installation = action.installation;
          machine.revision = action.revision;
          machine.accounts = 0;
          return { verb, outcome: "done" };
        default:
          return { verb, outcome: "done" };
      }
    });
  }

  return {
    carryOut: (command: Command): void => {
      if (done.has(command.id)) return;
      done.add(command.id);
      const { id, node, epoch, actions } = command;
      const machine = machineOf(node);
      const results = resultOf(command, machine);
      const startedAt = now();
      const endedAt = after(startedAt, spans.commandMs);
      const result = { command: id, node, epoch, status: "completed", startedAt, endedAt, results } as const;
      tell(spans.commandMs, { kind: "command", result: { ...result, reason: null } });
      const armed = actions.find((action) => action.verb === "netboot.set");
      const { installation } = machine;
      if (armed === undefined || installation === null) return;
      machine.boots += 1;
      const osBoot = `${node}.${machine.boots}`;
      const beacon = (inMs: number, phase: Phase, more: Partial<Beacon> = {}): void => {
        const at = after(startedAt, inMs);
        tell(inMs, { kind: "beacon", beacon: { node, boot: null, installation, phase, at, ...more } });
      };
      const { boot } = armed;
      const writes = spans.commandMs + spans.postMs;
      beacon(writes, "firmware", { boot });
      beacon(writes + seconds(15), "build", { boot });
      const written = writes + seconds(15) + spans.writeMs;
      for (let at = saysEveryMs; at < spans.writeMs; at += saysEveryMs) {
        const doneBytes = Math.floor((armed.image.sizeBytes * at) / spans.writeMs);
        const progress = { doneBytes, totalBytes: armed.image.sizeBytes };
        beacon(writes + seconds(15) + at, "build", { boot, progress });
      }
      beacon(written + spans.verifyMs, "build", { boot, verified: { sha256 } });
      const boots = written + spans.verifyMs + spans.postMs;
      beacon(boots, "firmware");
      beacon(boots + seconds(20), "kernel", { osBoot });
      beacon(boots + seconds(30), "init", { osBoot });
      beacon(boots + spans.bootMs, "run", { osBoot, address: `${node}.lab.example` });
    },
    /** The user of a node is in, and its system tells. */
    login: (node: NodeId, user: string): void => {
      const machine = machineOf(node);
      if (machine.installation === null) return;
      const { installation, boots } = machine;
      const osBoot = `${node}.${boots}`;
      tell(0, {
        kind: "beacon",
        beacon: { node, boot: null, installation, phase: "run", at: now(), osBoot, login: { user } },
      });
    },
  };
}
