/**
 * Machines that are as fast as they can be asked: power changes at once, a boot is nothing but what a machine says to the
 * lab's boot service, and the guest answers without a connection. They live in the agent's process, which pays for them.
 */
import { Agent, request } from "node:http";
import { beaconBody, bootPlan } from "../../lib/contracts/boot.ts";
import { revisionId } from "../../lib/contracts/scalars.ts";
import type { PowerState } from "../../lib/core/command.ts";
import type { RevisionId } from "../../lib/core/ids.ts";
import type { GuestDriver, GuestStatus } from "../../lib/drivers/os/guest-driver.ts";
import type { PowerDriver } from "../../lib/drivers/power/driver.ts";

interface Machine {
  readonly mac: string;
  power: PowerState;
  osBoot: string;
  revision: RevisionId | null;
  osToken: string;
  user: string | null;
  boots: number;
}

const hostKey = `ssh-ed25519 ${"A".repeat(68)}`;

export function createHardware(bootServer: string): {
  readonly power: PowerDriver;
  readonly guest: GuestDriver;
} {
  const machines = new Map<string, Machine>();
  const connections = new Agent({ keepAlive: true, maxSockets: 64 });
  const log = (message: string): void => void process.stderr.write(`hardware: ${message}\n`);

  /** A machine's BMC is addressed by the machine's MAC, and its system by `guest-` and the same. */
  function machineOf(address: string): Machine {
    const mac = address.replace(/^guest-/, "").replaceAll("-", ":");
    const known = machines.get(mac) ?? {
      mac,
      power: "off",
      osBoot: "none",
      revision: null,
      osToken: "",
      user: null,
      boots: 0,
    };
    machines.set(mac, known);
    return known;
  }

  function ask(method: "GET" | "POST", path: string, token: string | null, body?: unknown): Promise<string> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(beaconBody.parse(body));
      const headers = {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        "content-length": Buffer.byteLength(text),
      };
      const asking = request(
        new URL(path, bootServer),
        { method, agent: connections, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const answer = Buffer.concat(chunks).toString();
            if ((response.statusCode ?? 500) < 300) resolve(answer);
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
          });
          response.on("error", reject);
        },
      );
      asking.on("error", reject);
      asking.end(text);
    });
  }

  /** What a real machine does between power on and a running system, and nothing in between. */
  async function boot(machine: Machine): Promise<void> {
    machine.boots += 1;
    const { boots } = machine;
    const script = await ask("GET", `/boot/ipxe?mac=${encodeURIComponent(machine.mac)}`, null);
    const [, token] = /rackwright\.token=(\S+)/.exec(script) ?? [];
    if (token !== undefined) {
      await ask("POST", "/beacon", token, { phase: "build" });
      const plan = bootPlan.parse(JSON.parse(await ask("GET", "/boot/plan", token)));
      await ask("GET", plan.image.path, token);
      const verified = { sha256: plan.image.sha256 };
      await ask("POST", "/beacon", token, { phase: "build", verified });
      machine.revision = revisionId.parse(plan.os.revision);
      machine.osToken = plan.os.token;
      machine.user = null;
      await ask("GET", `/boot/ipxe?mac=${encodeURIComponent(machine.mac)}`, null);
    }
    if (machine.osToken === "" || machine.boots !== boots) return;
    machine.osBoot = `${machine.mac.replaceAll(":", "")}.${boots}`;
    const { osBoot, osToken } = machine;
    await ask("POST", "/beacon", osToken, { phase: "kernel", osBoot });
    await ask("POST", "/beacon", osToken, { phase: "init", osBoot });
    const address = `guest-${machine.mac.replaceAll(":", "-")}`;
    await ask("POST", "/beacon", osToken, { phase: "run", osBoot, address, hostKey });
  }

  function begin(machine: Machine, work: (machine: Machine) => Promise<void>): void {
    setImmediate(() => {
      work(machine).catch((error: unknown) => log(`${machine.mac}: ${String(error)}`));
    });
  }
  function switched(address: string, to: PowerState, boots: boolean): PowerState {
    const machine = machineOf(address);
    const starts = to === "on" && (boots || machine.power !== "on");
    machine.power = to;
    if (starts) begin(machine, boot);
    return to;
  }

  const statusOf = ({ revision, osBoot, user, mac }: Machine): GuestStatus => ({
    revision,
    osBoot,
    address: `guest-${mac.replaceAll(":", "-")}`,
    logins: 0,
    users: user === null ? [] : [user],
    sessions: 0,
  });

  return {
    power: {
      name: "instant",
      needsCredential: false,
      bootDevice: "settable",
      on: async ({ address }) => switched(address, "on", false),
      off: async ({ address }) => switched(address, "off", false),
      cycle: async ({ address }) => switched(address, "on", true),
      reset: async ({ address }) => switched(address, "on", true),
      status: async ({ address }) => machineOf(address).power,
      setBootDevice: async () => {},
      identify: async () => {},
    },
    guest: {
      name: "ssh",
      identify: async () => hostKey,
      run: async ({ address }, task, parameters) => {
        const machine = machineOf(address);
        if (task === "grant-access") {
          const user = parameters["user"] ?? "";
          machine.user = user;
          // Its user is in as soon as he may be.
          if (process.env["BENCH_LOGIN"] === "yes") {
            begin(machine, async ({ osBoot, osToken }) => {
              await ask("POST", "/beacon", osToken, { phase: "run", osBoot, login: { user } });
            });
          }
        } else if (task === "revoke-access") {
          machine.user = null;
        }
        return statusOf(machine);
      },
    },
  };
}
