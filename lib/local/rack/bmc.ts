/**
 * A Redfish BMC (DMTF DSP0266) on a loopback port of its own, over HTTPS with a self-signed certificate as real ones come,
 * and over plain HTTP on the same port. Satisfies fence_redfish and our own driver; accepts, and changes power a moment later.
 */
import { randomBytes } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import * as z from "zod";
import { listenOn, readJson } from "../http.ts";
import { answerBios } from "./bmc-bios.ts";
import type { RackConfig } from "./config.ts";
import type { Machine } from "./machine.ts";
import { faultOf, isOn, type PowerChange } from "./node-state.ts";
import type { RackStore } from "./store.ts";

export interface BmcSettings {
  readonly machine: Machine;
  readonly port: number;
  readonly credential: RackConfig["credential"];
  readonly quirks: readonly string[];
  readonly certificate: { readonly key: string; readonly cert: string };
  readonly store: RackStore;
}

export interface Bmc {
  /** A dead BMC accepts no connections. */
  setAlive(alive: boolean): Promise<void>;
  stop(): Promise<void>;
}

const resetTypes = ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "PowerCycle"] as const;
const resetBody = z.looseObject({ ResetType: z.enum(resetTypes) });
const loginBody = z.looseObject({ UserName: z.string(), Password: z.string() });
const changeBody = z.looseObject({
  Boot: z
    .looseObject({
      BootSourceOverrideTarget: z.enum(["None", "Pxe", "Hdd"]).optional(),
      BootSourceOverrideEnabled: z.enum(["Disabled", "Once", "Continuous"]).optional(),
    })
    .optional(),
  IndicatorLED: z.enum(["Lit", "Blinking", "Off"]).optional(),
});
/** For so long after a switch-off a BMC with that quirk refuses to switch on (Ironic LP #2162995). */
const refusesOnMs = 700;

const systemPath = "/redfish/v1/Systems/1";
const tlsHandshake = 0x16;

/** What a BMC keeps for itself. */
interface Panel {
  led: string;
  offAt: number;
}

type Answer = { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> };

export async function startBmc(settings: BmcSettings): Promise<Bmc> {
  const { machine, port, certificate } = settings;
  const sessions = new Map<string, string>();
  const panel: Panel = { led: "Off", offAt: 0 };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const delay = faultOf(machine.state(), "slow-bmc")?.delayMs ?? 0;
    setTimeout(() => {
      answer(settings, sessions, panel, request)
        .catch((error: unknown): Answer => redfishError(500, String(error)))
        .then(({ status, body, headers }) => {
          response.writeHead(status, {
            "content-type": "application/json",
            "odata-version": "4.0",
            ...headers,
          });
          response.end(body === undefined ? "" : JSON.stringify(body));
        })
        .catch(() => response.destroy());
    }, delay);
  };
  const http = createHttpServer(handle);
  const https = createHttpsServer(certificate, handle);
  const sockets = new Set<Socket>();
  let server: Server | null = null;

  async function listen(): Promise<void> {
    // The first byte tells which of the two the client speaks.
    const tcp = createTcpServer((socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      socket.once("readable", () => {
        const first: unknown = socket.read(1);
        if (Buffer.isBuffer(first)) {
          socket.unshift(first);
          (first[0] === tlsHandshake ? https : http).emit("connection", socket);
        } else {
          socket.destroy();
        }
      });
    });
    await listenOn(tcp, port);
    server = tcp;
  }

  async function close(): Promise<void> {
    const tcp = server;
    server = null;
    if (tcp === null) return;
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => tcp.close(() => resolve()));
  }

  if (faultOf(machine.state(), "dead-bmc") === null) await listen();
  return {
    setAlive: (alive) => (alive && server === null ? listen() : alive ? Promise.resolve() : close()),
    stop: close,
  };
}

async function answer(
  settings: BmcSettings,
  sessions: Map<string, string>,
  panel: Panel,
  request: IncomingMessage,
): Promise<Answer> {
  const { machine, credential, store } = settings;
  const path = new URL(request.url ?? "/", "http://bmc").pathname.replace(/\/$/, "");
  const { method = "GET" } = request;
  if (path === "/redfish") return { status: 200, body: { v1: "/redfish/v1/" } };
  if (path === "/redfish/v1") return { status: 200, body: serviceRoot };
  if (path === "/redfish/v1/SessionService/Sessions" && method === "POST") {
    const login = loginBody.safeParse(await readJson(request));
    if (
      !login.success ||
      login.data.UserName !== credential.username ||
      login.data.Password !== credential.password
    ) {
      return redfishError(401, "the user name or password is wrong");
    }
    const token = randomBytes(16).toString("hex");
    const location = `${path}/${sessions.size + 1}`;
    sessions.set(token, location);
    return {
      status: 201,
      body: { "@odata.id": location, UserName: credential.username },
      headers: { "x-auth-token": token, location },
    };
  }
  if (!isAllowed(settings, sessions, request))
    return redfishError(401, "a session or a user name and password is wanted");
  if (path.startsWith("/redfish/v1/SessionService/Sessions/") && method === "DELETE") {
    for (const [token, location] of sessions) if (location === path) sessions.delete(token);
    return { status: 204 };
  }
  switch (`${method} ${path}`) {
    case "GET /redfish/v1/AccountService":
      return { status: 200, body: { "@odata.id": path, Accounts: { "@odata.id": `${path}/Accounts` } } };
    case "GET /redfish/v1/AccountService/Accounts": {
      const members = accountsOf(settings).map((_, index) => `${path}/${index + 1}`);
      return { status: 200, body: collectionOf(path, ...members) };
    }
    case "GET /redfish/v1/Systems":
      return { status: 200, body: collectionOf(path, systemPath) };
    case "GET /redfish/v1/Managers":
      return { status: 200, body: collectionOf(path, "/redfish/v1/Managers/1") };
    case "GET /redfish/v1/Managers/1":
      return { status: 200, body: { "@odata.id": path, Id: "1", Name: "Virtual BMC", ManagerType: "BMC" } };
    case "GET /redfish/v1/Chassis":
      return { status: 200, body: collectionOf(path, "/redfish/v1/Chassis/1") };
    case "GET /redfish/v1/Chassis/1":
      return {
        status: 200,
        body: { "@odata.id": path, Id: "1", Name: machine.id, ChassisType: "RackMount" },
      };
    case `GET ${systemPath}/Bios`:
    case `GET ${systemPath}/Bios/Settings`:
    case `PATCH ${systemPath}/Bios/Settings`:
      return answerBios(machine, { method, path, body: method === "PATCH" ? await readJson(request) : null });
    case `GET ${systemPath}`:
      return { status: 200, body: systemOf(machine, panel) };
    case `PATCH ${systemPath}`: {
      const parsed = changeBody.safeParse(await readJson(request));
      if (!parsed.success) return redfishError(400, "only Boot and IndicatorLED can be changed");
      const { override } = machine.state();
      const {
        BootSourceOverrideTarget: target = override.target,
        BootSourceOverrideEnabled: enabled = override.enabled,
      } = parsed.data.Boot ?? {};
      machine.setOverride({ target, enabled });
      const { IndicatorLED: led } = parsed.data;
      if (led !== undefined) {
        panel.led = led;
        store.log(machine.id, { kind: "identify", lit: led !== "Off" });
      }
      return { status: 204 };
    }
    case `POST ${systemPath}/Actions/ComputerSystem.Reset`: {
      const parsed = resetBody.safeParse(await readJson(request));
      return parsed.success
        ? reset(settings, panel, parsed.data.ResetType, request.headers["user-agent"] ?? "nobody")
        : redfishError(400, `ResetType is one of ${resetTypes.join(", ")}`);
    }
    default: {
      const [, place] =
        /^GET \/redfish\/v1\/AccountService\/Accounts\/(\d+)$/.exec(`${method} ${path}`) ?? [];
      const name = accountsOf(settings)[Number(place ?? 0) - 1];
      return name === undefined
        ? redfishError(404, `there is no ${path}`)
        : { status: 200, body: { "@odata.id": path, Id: place, UserName: name, Enabled: true } };
    }
  }
}

const changesOf: Readonly<Record<(typeof resetTypes)[number], readonly PowerChange[]>> = {
  On: ["on"],
  ForceOff: ["off"],
  GracefulShutdown: ["off"],
  ForceRestart: ["reset"],
  PowerCycle: ["off", "on"],
};

function reset(
  { machine, quirks, store }: BmcSettings,
  panel: Panel,
  resetType: (typeof resetTypes)[number],
  client: string,
): Answer {
  const state = machine.state();
  const pending = state.pending.at(-1);
  const on = pending === undefined ? isOn(state) : pending !== "off";
  const there = (resetType === "On" && on) || (resetType === "ForceOff" && !on);
  if (there) {
    const conflict = quirks.includes("conflict-when-already-there");
    store.log(machine.id, {
      kind: "power-command",
      resetType,
      outcome: conflict ? "conflict" : "already-there",
      client,
    });
    return conflict ? redfishError(409, `the power is ${on ? "on" : "off"} already`) : { status: 204 };
  }
  if (faultOf(state, "ignore-power") !== null) {
    store.log(machine.id, { kind: "power-command", resetType, outcome: "ignored", client });
    return { status: 204 };
  }
  if (
    resetType === "On" &&
    quirks.includes("refuses-on-after-off") &&
    Date.now() - panel.offAt < refusesOnMs
  ) {
    store.log(machine.id, { kind: "power-command", resetType, outcome: "conflict", client });
    return redfishError(409, "the power supply is still discharging");
  }
  if (resetType === "ForceOff") panel.offAt = Date.now();
  store.log(machine.id, { kind: "power-command", resetType, outcome: "accepted", client });
  machine.power(changesOf[resetType]);
  return { status: 204 };
}

function isAllowed(
  { credential }: BmcSettings,
  sessions: Map<string, string>,
  { headers }: IncomingMessage,
): boolean {
  const token = headers["x-auth-token"];
  if (typeof token === "string" && sessions.has(token)) return true;
  const [, basic] = /^Basic (\S+)$/.exec(headers.authorization ?? "") ?? [];
  return (
    basic !== undefined &&
    Buffer.from(basic, "base64").toString() === `${credential.username}:${credential.password}`
  );
}

const serviceRoot = {
  "@odata.id": "/redfish/v1/",
  "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot",
  Id: "RootService",
  RedfishVersion: "1.6.0",
  Systems: { "@odata.id": "/redfish/v1/Systems" },
  Managers: { "@odata.id": "/redfish/v1/Managers" },
  Chassis: { "@odata.id": "/redfish/v1/Chassis" },
  AccountService: { "@odata.id": "/redfish/v1/AccountService" },
  SessionService: { "@odata.id": "/redfish/v1/SessionService" },
  Links: { Sessions: { "@odata.id": "/redfish/v1/SessionService/Sessions" } },
};

const collectionOf = (path: string, ...members: readonly string[]) => ({
  "@odata.id": path,
  Members: members.map((each) => ({ "@odata.id": each })),
  "Members@odata.count": members.length,
});

/** Our own, and one that a user may have made. */
const accountsOf = ({ machine, credential }: BmcSettings): readonly string[] => {
  const planted = faultOf(machine.state(), "bmc-account")?.name;
  return [credential.username, ...(planted === undefined ? [] : [planted])];
};

function systemOf(machine: Machine, { led }: Panel) {
  const state = machine.state();
  const { cpus, memoryMiB, firmware, system } = machine.facts().hardware;
  return {
    "@odata.id": systemPath,
    "@odata.type": "#ComputerSystem.v1_10_0.ComputerSystem",
    Id: "1",
    Name: machine.id,
    SystemType: "Physical",
    UUID: system?.uuid,
    SerialNumber: system?.serial,
    BiosVersion: firmware?.version,
    ProcessorSummary: { LogicalProcessorCount: cpus },
    MemorySummary: { TotalSystemMemoryGiB: memoryMiB / 1024 },
    PowerState: isOn(state) ? "On" : "Off",
    IndicatorLED: led,
    Bios: { "@odata.id": `${systemPath}/Bios` },
    Boot: {
      BootSourceOverrideTarget: state.override.target,
      BootSourceOverrideEnabled: state.override.enabled,
      "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Hdd"],
    },
    Actions: {
      "#ComputerSystem.Reset": {
        target: `${systemPath}/Actions/ComputerSystem.Reset`,
        "ResetType@Redfish.AllowableValues": resetTypes,
      },
    },
  };
}

const redfishError = (status: number, message: string): Answer => ({
  status,
  body: { error: { code: "Base.1.8.GeneralError", message } },
});
