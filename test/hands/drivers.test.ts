/** Every power driver against the real tool and a BMC that speaks the real protocol: what each of them promises. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PowerState } from "../../lib/core/command.ts";
import type { Fault } from "../../lib/core/fault.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import type { BmcAccess, PowerDriver } from "../../lib/drivers/power/driver.ts";
import { redfish } from "../../lib/drivers/power/redfish.ts";
import { powerDrivers } from "../../lib/drivers/power/registry.ts";
import { temporaryFolder } from "../support/stack.ts";
import { bmc } from "./bmc.ts";
import {
  bmcPassword,
  type IpmiBmc,
  ipmiBmc,
  pdu,
  powerScript,
  type Rack,
  rack,
  requireTools,
} from "./farm.ts";

requireTools();
const folder = temporaryFolder();
const stops: (() => Promise<void>)[] = [];
let ipmi: IpmiBmc;
let outlets: { address: string };
let machines: Rack;
let certificate = "";
const scripts = join(folder.path, "scripts");

beforeAll(async () => {
  ipmi = await ipmiBmc(folder.path, "ipmi-1", new Set());
  stops.push(ipmi.stop);
  const farm = await pdu(folder.path);
  outlets = farm;
  stops.push(farm.stop);
  machines = await rack(folder.path, [
    { id: "plain" },
    { id: "pinned" },
    { id: "fenced" },
    { id: "quirky", quirks: ["refuses-on-after-off", "conflict-when-already-there"] },
  ]);
  stops.push(machines.stop);
  const text = powerScript(scripts);
  writeFileSync(join(scripts, "lab-power"), text, { mode: 0o755 });
  certificate = await seenCertificate();
});
afterAll(async () => {
  for (const stop of stops) await stop();
  folder.remove();
});

const driver = (name: string): PowerDriver => {
  const found = powerDrivers.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no driver ${name}`);
  return found;
};
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error: unknown = await work.then(
    () => new Error("it was done"),
    (reason: unknown) => reason,
  );
  if (error instanceof DriverFault) return error.fault;
  throw error;
};
/** The fingerprint, as the refusal tells it to the operator. */
const seenCertificate = async (): Promise<string> => {
  const { message } = await faultOf(driver("redfish").status(bmc(machines.url("pinned", "https"))));
  return /([0-9A-F]{2}:){31}[0-9A-F]{2}/.exec(message)?.[0] ?? "";
};

/** One machine behind one kind of BMC. */
const kinds: readonly (readonly [what: string, driver: string, access: () => BmcAccess])[] = [
  ["ipmi: ipmitool and ipmi_sim", "ipmi", () => bmc(ipmi.address)],
  [
    "fence: fence_ipmilan and ipmi_sim",
    "fence",
    () =>
      bmc(ipmi.address, { agent: "fence_ipmilan", lanplus: "1", cipher: "3", power_wait: "0", delay: "0" }),
  ],
  [
    "fence: fence_powerman and vpcd",
    "fence",
    () => bmc(outlets.address, { agent: "fence_powerman", plug: "t3", power_wait: "0", delay: "0" }),
  ],
  [
    "fence: fence_redfish and the virtual BMC",
    "fence",
    () => {
      const { host } = new URL(machines.url("fenced", "https"));
      return bmc(host, { agent: "fence_redfish", ssl: "1", ssl_insecure: "1", power_wait: "0", delay: "0" });
    },
  ],
  ["redfish: over HTTP", "redfish", () => bmc(machines.url("plain"))],
  ["redfish: over HTTPS, pinned", "redfish", () => bmc(machines.url("pinned", "https"), { certificate })],
  ["redfish: a BMC that refuses On right after Off", "redfish", () => bmc(machines.url("quirky"))],
  [
    "exec: a lab's own script",
    "exec",
    () => bmc("pdu-7", { script: "lab-power", id: "12" }, { scriptsDir: scripts }),
  ],
];

describe.each(kinds)("%s", (_what, name, access) => {
  const verbs = ["on", "off", "cycle", "reset"] as const;
  const run = (verb: (typeof verbs)[number] | "status"): Promise<PowerState> => driver(name)[verb](access());

  test("each verb leaves the power as it says, read back from the BMC, and doing it again changes nothing", async () => {
    expect(await run("off")).toBe("off");
    expect(await run("status")).toBe("off");
    expect(await run("off")).toBe("off");
    expect(await run("on")).toBe("on");
    expect(await run("status")).toBe("on");
    expect(await run("on")).toBe("on");
    expect(await run("cycle")).toBe("on");
    expect(await run("reset")).toBe("on");
    expect(await run("off")).toBe("off");
    expect(await run("cycle")).toBe("on");
    expect(await run("off")).toBe("off");
    expect(await run("reset")).toBe("on");
    expect(await run("status")).toBe("on");
  });

  test("the password is in no argument list", async () => {
    const bmcAccess = bmc("unused");
    const given = access();
    await driver(name).status({
      ...given,
      tool: (program, args, input, signal) => {
        bmcAccess.calls.tools.push([program, ...args].join(" "));
        return given.tool(program, args, input, signal);
      },
    });
    expect(bmcAccess.calls.tools.join("\n")).not.toContain(bmcPassword);
  });

  test("a command that must have ended touches nothing", async () => {
    await run("on");
    const ended = new Error("it must have ended");
    const guard = () => {
      throw ended;
    };
    await expect(driver(name).off({ ...access(), guard })).rejects.toThrow(ended);
    expect(await run("status")).toBe("on");
  });
});

describe("ipmi", () => {
  const read = () => ipmi.effects().map(({ what }) => what);

  test("what is so already is asked for by nobody: on twice is one command at the BMC", async () => {
    await driver("ipmi").off(bmc(ipmi.address));
    const before = read().length;
    await driver("ipmi").on(bmc(ipmi.address));
    await driver("ipmi").on(bmc(ipmi.address));
    expect(read().slice(before)).toEqual(["power 1"]);
  });

  test("cycle is off, proved off, on, proved on; never the BMC's own cycle", async () => {
    await driver("ipmi").on(bmc(ipmi.address));
    const before = read().length;
    await driver("ipmi").cycle(bmc(ipmi.address));
    expect(read().slice(before)).toEqual(["power 0", "power 1"]);
  });

  test("a boot device is set and read back; one that the BMC does not keep is told", async () => {
    await driver("ipmi").setBootDevice(bmc(ipmi.address), "network", "once");
    expect(read().at(-1)).toBe("boot pxe");
    const deaf = bmc(ipmi.address);
    const fault = await faultOf(
      driver("ipmi").setBootDevice(
        {
          ...deaf,
          // The request is swallowed on its way.
          tool: (program, args, input, signal) =>
            args.includes("bootdev")
              ? Promise.resolve({ code: 0, stdout: "Set Boot Device to disk\n", stderr: "", elapsedMs: 1 })
              : deaf.tool(program, args, input, signal),
        },
        "disk",
        "continuous",
      ),
    );
    expect(fault.code).toBe("boot-device-unchanged");
  });

  test("tells who may log in, and sees an account that was made on the machine itself", async () => {
    const accounts = () => driver("ipmi").accounts?.(bmc(ipmi.address));
    expect(await accounts()).toEqual(["admin"]);
    // As ipmitool does on the machine's own system interface.
    const asAdmin = (...args: string[]) =>
      execFileSync(
        "ipmitool",
        [
          ...["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", ipmi.address.split(":")[1] ?? ""],
          ...["-U", "admin", "-E"],
          ...args,
        ],
        { env: { ...process.env, IPMI_PASSWORD: bmcPassword } },
      );
    asAdmin("user", "set", "name", "3", "mallory");
    asAdmin("channel", "setaccess", "1", "3", "link=on", "ipmi=on", "callin=on", "privilege=4");
    asAdmin("user", "enable", "3");
    expect(await accounts()).toEqual(["admin", "mallory"]);
  });

  test("identify reaches the chassis", async () => {
    await driver("ipmi").identify(bmc(ipmi.address), 5);
    expect(read().at(-1)).toBe("identify 5 0");
  });

  test("a wrong password is told from a BMC that is not there, though ipmitool says the same of both", async () => {
    const wrong = bmc(ipmi.address, {}, { credential: { username: "admin", password: "wrong" } });
    expect(await faultOf(driver("ipmi").status(wrong))).toMatchObject({ code: "bmc-authentication" });
    const nobody = bmc(ipmi.address, {}, { credential: { username: "nobody", password: bmcPassword } });
    expect(await faultOf(driver("ipmi").status(nobody))).toMatchObject({ code: "bmc-authentication" });
    expect(await faultOf(driver("ipmi").status(bmc("127.0.0.1:9")))).toMatchObject({
      code: "bmc-unreachable",
    });
  });

  test("cipher suite 0, which takes any password, is refused before anything is sent", async () => {
    const before = ipmi.requests();
    const access = bmc(ipmi.address, { cipherSuite: "0" });
    expect(await faultOf(driver("ipmi").status(access))).toMatchObject({
      code: "power-options",
      message: expect.stringContaining("cipherSuite: is 17 or 3"),
    });
    expect(access.calls.tools).toEqual([]);
    expect(ipmi.requests()).toBe(before);
  });

  test("a suite that the BMC does not speak falls back to one that it does, and is remembered", async () => {
    const first = bmc(ipmi.address.replace("127.0.0.1", "localhost"));
    await driver("ipmi").status(first);
    await driver("ipmi").status(first);
    expect(first.calls.tools.map((each) => / -C (\d+)/.exec(each)?.[1])).toEqual(["17", "3", "3"]);
  });

  test.each(["-H evil", "host;reboot", "host:99999999", "", "$(id)"])(
    "the address %j reaches no tool",
    async (address) => {
      const access = bmc(address);
      expect((await faultOf(driver("ipmi").status(access))).code).toBe("power-address");
      expect(access.calls.tools).toEqual([]);
    },
  );
});

describe("redfish", () => {
  const log = async (node: string): Promise<string[]> =>
    (await machines.log(node))
      .filter(({ kind }) => kind === "power-command")
      .map((entry) => `${String(entry["resetType"])} ${String(entry["outcome"])}`);

  test("C17: a BMC that refuses to switch on right after it switched off is asked again, not given up", async () => {
    await driver("redfish").on(bmc(machines.url("quirky")));
    const before = (await log("quirky")).length;
    await driver("redfish").cycle(bmc(machines.url("quirky")));
    const asked = (await log("quirky")).slice(before);
    expect(asked.slice(0, 2)).toEqual(["ForceOff accepted", "On conflict"]);
    expect(asked.at(-1)).toBe("On accepted");
  });

  test("C20, C23: a BMC that accepts and does nothing is not believed", async () => {
    await driver("redfish").off(bmc(machines.url("plain")));
    await machines.faults({ add: [{ kind: "ignore-power", node: "plain" }] });
    const impatient = redfish({ settleMs: 300 });
    expect((await faultOf(impatient.on(bmc(machines.url("plain"))))).code).toBe("power-unchanged");
    await machines.faults({ clear: [{ node: "plain" }] });
    expect(await driver("redfish").on(bmc(machines.url("plain")))).toBe("on");
  });

  test("a certificate that nobody vouches for is refused with its fingerprint, and with what to do", async () => {
    const fault = await faultOf(driver("redfish").status(bmc(machines.url("pinned", "https"))));
    expect(fault.code).toBe("certificate-untrusted");
    expect(fault.message).toMatch(/SHA-256 fingerprint ([0-9A-F]{2}:){31}[0-9A-F]{2} at the BMC/);
  });

  test("another certificate than the pinned one is refused: no password is sent to it", async () => {
    const other = certificate.replace(/^../, certificate.startsWith("00") ? "11" : "00");
    const access = bmc(machines.url("pinned", "https"), { certificate: other });
    expect(await faultOf(driver("redfish").on(access))).toMatchObject({
      code: "certificate-untrusted",
      message: expect.stringContaining("another machine"),
    });
    expect(access.calls.notes).toEqual([]);
  });

  test("what is so already is asked for by nobody", async () => {
    await driver("redfish").on(bmc(machines.url("plain")));
    const before = (await log("plain")).length;
    await driver("redfish").on(bmc(machines.url("plain")));
    expect((await log("plain")).slice(before)).toEqual([]);
  });

  test("a boot device is set once or for good, and read back", async () => {
    await driver("redfish").setBootDevice(bmc(machines.url("plain")), "network", "once");
    await driver("redfish").setBootDevice(bmc(machines.url("plain")), "disk", "continuous");
  });

  test("a wrong password is told from a BMC that is not there", async () => {
    const wrong = bmc(machines.url("plain"), {}, { credential: { username: "admin", password: "wrong" } });
    expect((await faultOf(driver("redfish").on(wrong))).code).toBe("bmc-authentication");
    expect((await faultOf(driver("redfish").on(bmc("http://127.0.0.1:9")))).code).toBe("bmc-unreachable");
  });

  test("tells who may log in", async () => {
    expect(await driver("redfish").accounts?.(bmc(machines.url("plain")))).toHaveLength(1);
  });

  test("identify lights the machine up and puts the light out again", async () => {
    await driver("redfish").identify(bmc(machines.url("plain")), 1);
    const lights = (await machines.log("plain"))
      .filter(({ kind }) => kind === "identify")
      .map((entry) => entry["lit"]);
    expect(lights).toEqual([true, false]);
  });
});

describe("fence", () => {
  test("an option that the agent does not know, or that would run a program, is refused before it runs", async () => {
    for (const options of [
      { agent: "fence_powerman", plug: "t1", nonsense: "1" },
      { agent: "fence_powerman", plug: "t1", powerman_path: "/tmp/evil" },
      { agent: "fence_ipmilan", password_script: "/tmp/evil" },
      { agent: "fence_ipmilan", debug_file: "/etc/passwd" },
      { agent: "fence_ipmilan", action: "off" },
    ]) {
      const access = bmc(outlets.address, options);
      expect((await faultOf(driver("fence").off(access))).code).toBe("power-options");
      expect(access.calls.tools.filter((each) => !each.includes("-o metadata"))).toEqual([]);
    }
  });

  test.each(["reboot", "../../bin/sh", "fence_x; id", ""])(
    "%j is not the name of an agent",
    async (agent) => {
      const access = bmc(outlets.address, { agent });
      expect((await faultOf(driver("fence").off(access))).message).toContain("a fence agent's name");
      expect(access.calls.tools).toEqual([]);
    },
  );

  test("an agent that is not installed is told as that", async () => {
    const access = bmc(outlets.address, { agent: "fence_of_tomorrow" });
    expect(await faultOf(driver("fence").off(access))).toMatchObject({
      code: "tool-missing",
      message: expect.stringContaining("fence_of_tomorrow is not installed"),
    });
  });

  test("a refused login is told from a device that is not there", async () => {
    const options = { agent: "fence_ipmilan", lanplus: "1", cipher: "3" };
    const wrong = bmc(ipmi.address, options, { credential: { username: "admin", password: "wrong" } });
    expect((await faultOf(driver("fence").status(wrong))).code).toBe("bmc-authentication");
    const gone = bmc("127.0.0.1:9", { agent: "fence_powerman", plug: "t1" });
    expect((await faultOf(driver("fence").status(gone))).code).toBe("bmc-unreachable");
  });
});

describe("libvirt", () => {
  // virsh's own test hypervisor: real virsh, real API, a machine `test` that runs; it starts anew with every connection.
  const vm = (domain = "test") => bmc("test:///default", { domain });

  test("a change and its reading back go over one connection", async () => {
    expect(await driver("libvirt").status(vm())).toBe("on");
    expect(await driver("libvirt").on(vm())).toBe("on");
    const access = vm();
    expect(await driver("libvirt").off(access)).toBe("off");
    expect(access.calls.tools.at(-1)).toBe("virsh -q -c test:///default destroy test; domstate test");
  });

  test("the boot device is in the machine's definition, and read back from it", async () => {
    const access = vm();
    await driver("libvirt").setBootDevice(access, "network", "once");
    expect(access.calls.tools.at(-1)).toMatch(/define \S+; dumpxml --inactive test$/);
  });

  test("a machine that is not there, a hypervisor that is not, and a name that is none are told apart", async () => {
    expect((await faultOf(driver("libvirt").off(vm("nobody")))).code).toBe("domain-unknown");
    const gone = bmc("qemu+unix:///system?socket=/nowhere", { domain: "test" });
    expect((await faultOf(driver("libvirt").off(gone))).code).toBe("bmc-unreachable");
    expect((await faultOf(driver("libvirt").off(vm("test; destroy other")))).code).toBe("power-options");
    const shell = bmc("test:///default; id", { domain: "test" });
    expect((await faultOf(driver("libvirt").off(shell))).code).toBe("power-address");
  });
});

describe("exec", () => {
  const with_ = (options: Record<string, string>) => bmc("pdu-7", options, { scriptsDir: scripts });

  test("R63: a script of Beaker's kind runs unchanged, told in its environment", async () => {
    await driver("exec").off(with_({ script: "lab-power", id: "a-7" }));
    await driver("exec").cycle(with_({ script: "lab-power", id: "a-7" }));
    expect(readFileSync(join(scripts, "effects"), "utf8")).toContain("a-7 on\n");
  });

  test("what it says when it fails is told", async () => {
    const wrong = { ...with_({ script: "lab-power" }), credential: { username: "eve", password: "x" } };
    expect(await faultOf(driver("exec").on(wrong))).toMatchObject({
      message: expect.stringContaining("login failed"),
    });
  });

  test.each(["../lab-power", "/bin/sh", "no-such-script", ".hidden"])(
    "%j is no script of the lab",
    async (script) => {
      const access = with_({ script });
      expect(["power-options", "tool-missing"]).toContain((await faultOf(driver("exec").on(access))).code);
      expect(access.calls.tools).toEqual([]);
    },
  );
});
