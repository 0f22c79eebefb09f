/**
 * Redfish (DMTF DSP0266) over HTTP: discovers the system, uses the reset types that the BMC allows, reads back what came of
 * it. A BMC that says no but is in the wanted state already is success; one that says yes is not believed.
 */
import * as z from "zod";
import type { BootDevice, PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { type BmcAccess, DriverFault, type PowerDriver } from "./driver.ts";

export interface RedfishPatience {
  readonly requestMs: number;
  /** Requests that only read are repeated while the BMC cannot be reached. */
  readonly tries: number;
  readonly retryMs: number;
  /** How long a change of power may take until it shows. */
  readonly settleMs: number;
  readonly pollMs: number;
}

const patience: RedfishPatience = { requestMs: 5000, tries: 3, retryMs: 1000, settleMs: 60_000, pollMs: 100 };

const collection = z.looseObject({ Members: z.array(z.looseObject({ "@odata.id": z.string() })).min(1) });
const system = z.looseObject({
  PowerState: z.string(),
  Actions: z.looseObject({
    "#ComputerSystem.Reset": z.looseObject({
      target: z.string(),
      "ResetType@Redfish.AllowableValues": z.array(z.string()).optional(),
    }),
  }),
});

interface Session {
  /** Answers the parsed body; throws a DriverFault that says what is wrong. */
  get(path: string): Promise<unknown>;
  /** Tells the status; whether it did anything is found by reading. */
  send(method: "POST" | "PATCH", path: string, body: unknown): Promise<number>;
  close(): Promise<void>;
}

export function redfish(given: Partial<RedfishPatience> = {}): PowerDriver {
  const { requestMs, tries, retryMs, settleMs, pollMs } = { ...patience, ...given };

  async function request(
    { address, signal }: BmcAccess,
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<Response> {
    const attempts = method === "GET" ? tries : 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await fetch(new URL(path, address), {
          method,
          headers: {
            accept: "application/json",
            "odata-version": "4.0",
            ...headers,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
        });
      } catch (error) {
        signal.throwIfAborted();
        if (attempt >= attempts) throw unreachable(address, error);
        await pause(retryMs * (0.5 + Math.random()), signal);
      }
    }
  }

  async function open(bmc: BmcAccess): Promise<Session> {
    const { username, password } = bmc.credential;
    const basic = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
    await body(await request(bmc, "GET", "/redfish/v1/", {}), bmc, "/redfish/v1/");
    const login = await request(
      bmc,
      "POST",
      "/redfish/v1/SessionService/Sessions",
      {},
      { UserName: username, Password: password },
    );
    if (login.status === 401 || login.status === 403) throw refused(bmc.address, login.status);
    const token = login.headers.get("x-auth-token");
    const location = login.headers.get("location");
    await login.body?.cancel();
    // A BMC without sessions takes the password with every request.
    const headers: Record<string, string> = login.ok && token !== null ? { "x-auth-token": token } : basic;
    return {
      get: async (path) => body(await request(bmc, "GET", path, headers), bmc, path),
      send: async (method, path, content) => {
        const response = await request(bmc, method, path, headers, content);
        await response.body?.cancel();
        if (response.status === 401 || response.status === 403) throw refused(bmc.address, response.status);
        return response.status;
      },
      close: async () => {
        if (!("x-auth-token" in headers) || location === null) return;
        // A session that is not ended ends by itself; the work is done either way.
        await request(bmc, "DELETE", new URL(location, bmc.address).pathname, headers)
          .then((response) => response.body?.cancel())
          .catch(() => undefined);
      },
    };
  }

  async function withSystem<T>(
    bmc: BmcAccess,
    work: (session: Session, path: string) => Promise<T>,
  ): Promise<T> {
    const session = await open(bmc);
    try {
      const { Members } = parse(
        collection,
        await session.get("/redfish/v1/Systems"),
        bmc,
        "/redfish/v1/Systems",
      );
      const path = Members[0]?.["@odata.id"] ?? "";
      return await work(session, path);
    } finally {
      await session.close();
    }
  }

  const read = async (bmc: BmcAccess, session: Session, path: string) =>
    parse(system, await session.get(path), bmc, path);

  const stateOf = (text: string): PowerState => (text === "On" ? "on" : text === "Off" ? "off" : "unknown");

  /** Reads until the power is as wanted; gives up with what was seen last. */
  async function settle(bmc: BmcAccess, session: Session, path: string, wanted: PowerState): Promise<void> {
    for (let waited = 0; ; waited += pollMs) {
      const seen = (await read(bmc, session, path)).PowerState;
      if (stateOf(seen) === wanted) return;
      if (waited >= settleMs) {
        throw new DriverFault(
          nodeFault(
            "power-unchanged",
            `BMC ${bmc.address} took the request, but power is ${seen} after ${settleMs / 1000} s, not ${wanted}`,
          ),
        );
      }
      await pause(pollMs, bmc.signal);
    }
  }

  /** Requests one of the reset types that the BMC has, best first, unless the power is as wanted already. */
  async function change(
    bmc: BmcAccess,
    session: Session,
    path: string,
    types: readonly string[],
    wanted: PowerState,
    always: boolean,
  ): Promise<PowerState> {
    const before = await read(bmc, session, path);
    if (!always && stateOf(before.PowerState) === wanted) return wanted;
    const reset = before.Actions["#ComputerSystem.Reset"];
    const allowed = reset["ResetType@Redfish.AllowableValues"];
    const type = types.find((each) => allowed === undefined || allowed.includes(each));
    if (type === undefined) {
      throw new DriverFault(
        configurationFault(
          "reset-unsupported",
          `BMC ${bmc.address} allows ${allowed?.join(", ")}, none of ${types.join(", ")}`,
        ),
      );
    }
    // Sent once: a request that was lost on its way back may have had its effect. What came of it is read.
    const status = await session.send("POST", reset.target, { ResetType: type }).catch((error: unknown) => {
      if (error instanceof DriverFault && error.fault.code === "bmc-unreachable") return null;
      throw error;
    });
    if (status !== null && status >= 400 && stateOf((await read(bmc, session, path)).PowerState) !== wanted) {
      throw new DriverFault(
        nodeFault("bmc-refused", `BMC ${bmc.address} refused ${type} with status ${status}`),
      );
    }
    await settle(bmc, session, path, wanted);
    return wanted;
  }

  return {
    name: "redfish",
    on: (bmc) => withSystem(bmc, (session, path) => change(bmc, session, path, ["On"], "on", false)),
    off: (bmc) => withSystem(bmc, (session, path) => change(bmc, session, path, ["ForceOff"], "off", false)),
    cycle: (bmc) =>
      withSystem(bmc, async (session, path) => {
        await change(bmc, session, path, ["ForceOff"], "off", false);
        return change(bmc, session, path, ["On"], "on", false);
      }),
    reset: (bmc) =>
      withSystem(bmc, async (session, path) => {
        const { PowerState: before } = await read(bmc, session, path);
        // A machine that is off is not reset by a reset.
        const types = stateOf(before) === "off" ? ["On"] : ["ForceRestart", "PowerCycle"];
        return change(bmc, session, path, types, "on", true);
      }),
    status: (bmc) =>
      withSystem(bmc, async (session, path) => stateOf((await read(bmc, session, path)).PowerState)),
    setBootDevice: (bmc, device, persistence) =>
      withSystem(bmc, async (session, path) => {
        const wanted = {
          BootSourceOverrideTarget: targets[device],
          BootSourceOverrideEnabled: persistence === "once" ? "Once" : "Continuous",
        };
        const status = await session.send("PATCH", path, { Boot: wanted });
        const seen = z.looseObject({ Boot: z.looseObject({}) }).safeParse(await session.get(path));
        const boot = seen.success ? seen.data.Boot : {};
        const set = Object.entries(wanted).every(([name, value]) => boot[name] === value);
        if (!set) {
          throw new DriverFault(
            nodeFault(
              "boot-device-unchanged",
              `BMC ${bmc.address} answered ${status}, but boots from ${JSON.stringify(boot["BootSourceOverrideTarget"])}`,
            ),
          );
        }
      }),
  };
}

const targets: Readonly<Record<BootDevice, string>> = { network: "Pxe", disk: "Hdd" };

async function body(response: Response, { address }: BmcAccess, path: string): Promise<unknown> {
  if (response.status === 401 || response.status === 403) throw refused(address, response.status);
  const text = await response.text();
  try {
    if (response.ok) return JSON.parse(text);
  } catch {
    // Told below, with the status and the beginning of what came instead of JSON.
  }
  throw new DriverFault(
    nodeFault("bmc-error", `BMC ${address} answered ${path} with ${response.status}: ${text.slice(0, 200)}`),
  );
}

function parse<T>(shape: z.ZodType<T>, value: unknown, { address }: BmcAccess, path: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DriverFault(
    nodeFault("bmc-error", `BMC ${address} answered ${path} with something else than Redfish`),
  );
}

const refused = (address: string, status: number): DriverFault =>
  new DriverFault(
    nodeFault(
      "bmc-authentication",
      `BMC ${address} refuses the credential (status ${status}): correct the secret`,
    ),
  );

function unreachable(address: string, error: unknown): DriverFault {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  return new DriverFault(nodeFault("bmc-unreachable", `BMC ${address} does not answer: ${cause}`));
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
