/** The console driver `redfish`, against a Redfish service and an SSH server that speak their real protocols. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import ssh2 from "ssh2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConsoleAccess } from "../../lib/drivers/console/driver.ts";
import { redfishConsole } from "../../lib/drivers/console/redfish.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import { newKeyPair } from "../../lib/drivers/os/ssh.ts";

const account = { username: "admin", password: "s3cret" };
const hostKey = newKeyPair("a BMC").private;
/** What the BMC's SSH server was asked for: `login NAME`, `shell`, `exec COMMAND`. */
let asked: string[] = [];
let serial: object | undefined;
let older: object | undefined;
let redfish: Server;
let sshd: ssh2.Server;
const ports = { redfish: 0, ssh: 0 };

const resources = (): Readonly<Record<string, unknown>> => ({
  "/redfish/v1/": {},
  "/redfish/v1/Systems": { Members: [{ "@odata.id": "/redfish/v1/Systems/1" }] },
  "/redfish/v1/Systems/1": {
    ...(serial === undefined ? {} : { SerialConsole: serial }),
    Links: { ManagedBy: [{ "@odata.id": "/redfish/v1/Managers/1" }] },
  },
  "/redfish/v1/Managers/1": older === undefined ? {} : { SerialConsole: older },
});

beforeAll(async () => {
  redfish = createServer((request, response) => {
    if (request.method === "POST") return void response.writeHead(405).end();
    const value = resources()[request.url ?? ""];
    response.writeHead(value === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(value ?? {}));
  });
  sshd = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (login) => {
      if (login.method !== "password") return login.reject(["password"]);
      asked.push(`login ${login.username}`);
      if (login.password === account.password) login.accept();
      else login.reject();
    });
    connection.on("session", (accept) => {
      const session = accept();
      const print = (channel: ssh2.ServerChannel) => {
        channel.write("\r\nKernel panic - not syncing\r\n");
        channel.end();
      };
      session.on("pty", (granted) => granted());
      session.on("shell", (granted) => {
        asked.push("shell");
        print(granted());
      });
      session.on("exec", (granted, _, { command }) => {
        asked.push(`exec ${command}`);
        print(granted());
      });
    });
  });
  await new Promise<void>((resolve) => redfish.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => sshd.listen(0, "127.0.0.1", resolve));
  for (const [name, server] of [["redfish", redfish] as const, ["ssh", sshd] as const]) {
    const address = server.address();
    ports[name] = typeof address === "object" && address !== null ? address.port : 0;
  }
});
beforeEach(() => {
  asked = [];
  [serial, older] = [undefined, undefined];
});
afterAll(() => {
  redfish.close();
  redfish.closeAllConnections();
  sshd.close();
});

function fingerprint(): string {
  const key = ssh2.utils.parseKey(hostKey);
  if (key instanceof Error) throw key;
  return `SHA256:${createHash("sha256").update(key.getPublicSSH()).digest("base64").replace("=", "")}`;
}

const ended = new AbortController();
async function listen(change: Partial<ConsoleAccess> = {}): Promise<{ text: string; why: string }> {
  let text = "";
  let connected = 0;
  const access: ConsoleAccess = {
    address: `http://127.0.0.1:${ports.redfish}`,
    options: { hostKey: fingerprint() },
    credential: account,
    signal: ended.signal,
    connected: () => {
      connected += 1;
    },
    tool: () => Promise.reject(new Error("it needs no tool")),
    mark: "test",
    scriptsDir: "/nowhere",
    ...change,
  };
  const why = await redfishConsole.listen(access, (bytes) => {
    text += Buffer.from(bytes).toString();
  });
  expect(connected).toBe(1);
  return { text, why };
}
const faultOf = async (change: Partial<ConsoleAccess> = {}) => {
  const error: unknown = await listen(change).catch((reason: unknown) => reason);
  if (error instanceof DriverFault) return error.fault;
  throw error;
};

describe("R75: the console that a Redfish service names", () => {
  test("is heard by SSH at the port that it names, with the BMC's own account", async () => {
    serial = { SSH: { ServiceEnabled: true, Port: ports.ssh } };
    expect(await listen()).toMatchObject({
      text: "\r\nKernel panic - not syncing\r\n",
      why: "it was closed at the other end",
    });
    expect(asked).toEqual(["login admin", "shell"]);
  });

  test("is entered by the command that the BMC's shell has for it", async () => {
    serial = { SSH: { ServiceEnabled: true, Port: ports.ssh, ConsoleEntryCommand: "console com2" } };
    expect((await listen()).text).toContain("Kernel panic");
    expect(asked).toEqual(["login admin", "exec console com2"]);
  });

  test("of an older service is the one of its manager", async () => {
    older = { ServiceEnabled: true, ConnectTypesSupported: ["SSH", "IPMI"] };
    // Whatever listens at port 22 here, it is not the BMC.
    expect(["console-unreachable", "host-key-untrusted"]).toContain((await faultOf()).code);
  });

  test("that is switched off, or not there, is told with what to do", async () => {
    expect(await faultOf()).toMatchObject({ class: "configuration", code: "console-unsupported" });
    serial = { SSH: { ServiceEnabled: false, Port: ports.ssh }, IPMI: { ServiceEnabled: true } };
    expect((await faultOf()).message).toMatch(/has it switched off .* or take the driver ipmi-sol$/);
  });

  test("gets no password before its host key is the one that was pinned", async () => {
    serial = { SSH: { ServiceEnabled: true, Port: ports.ssh } };
    const fault = await faultOf({ options: {} });
    expect(fault).toMatchObject({ class: "configuration", code: "host-key-untrusted" });
    expect(fault.message).toContain(fingerprint());
    const other = await faultOf({ options: { hostKey: `SHA256:${"A".repeat(43)}` } });
    expect(other.message).toContain("or this is another machine");
    expect(asked).toEqual([]);
  });

  test("whose account is refused says so in the breaker's own words, so that nobody's account is locked", async () => {
    serial = { SSH: { ServiceEnabled: true, Port: ports.ssh } };
    const fault = await faultOf({ credential: { ...account, password: "wrong" } });
    expect(fault.code).toBe("bmc-authentication");
    expect(asked).toEqual(["login admin"]);
  });
});
