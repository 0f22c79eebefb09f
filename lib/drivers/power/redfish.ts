/**
 * Redfish (DMTF DSP0266): discovers the system, uses the reset types that the BMC allows, reads back what came of it.
 */
import * as z from "zod";
import type { BootDevice, PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { type BmcAccess, optionsOf, type Persistence, type PowerDriver, unsupported } from "./driver.ts";
import { applyRedfishBios, readRedfishBios } from "./redfish-bios.ts";
import { redfishFacts } from "./redfish-facts.ts";
import { fingerprint, openSession, type RedfishPatience, type Session } from "./redfish-session.ts";
import { type Patience, patience, pause, type Verified, verified } from "./verified.ts";

export const redfishOptions = z.strictObject({
  /** Pins a self-signed certificate. */
  certificate: fingerprint.optional(),
  /** Which system, where a BMC has several (a chassis): the end of its path, e.g. `Blade7`. */
  system: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "is not the name of a system")
    .optional(),
});

export const redfishPatience: RedfishPatience = { requestMs: 5000, tries: 3, retryMs: 1000 };

const defaults: RedfishPatience & Patience = {
  ...patience,
  ...redfishPatience,
  pollMs: 100,
  refusedWaitMs: 500,
};

const collection = z.looseObject({ Members: z.array(z.looseObject({ "@odata.id": z.string() })).min(1) });
const system = z.looseObject({
  PowerState: z.string(),
  IndicatorLED: z.string().optional(),
  LocationIndicatorActive: z.boolean().optional(),
  Boot: z
    .looseObject({
      BootSourceOverrideTarget: z.string().nullish(),
      BootSourceOverrideEnabled: z.string().nullish(),
    })
    .optional(),
  Actions: z.looseObject({
    "#ComputerSystem.Reset": z.looseObject({
      target: z.string(),
      "ResetType@Redfish.AllowableValues": z.array(z.string()).optional(),
    }),
  }),
});
type System = z.infer<typeof system>;

const service = z.looseObject({ AccountService: z.looseObject({ "@odata.id": z.string() }).optional() });
const accountService = z.looseObject({ Accounts: z.looseObject({ "@odata.id": z.string() }) });
const accountList = z.looseObject({ Members: z.array(z.looseObject({ "@odata.id": z.string() })).max(64) });
const account = z.looseObject({ UserName: z.string(), Enabled: z.boolean().default(true) });

const stateOf = (text: string): PowerState => (text === "On" ? "on" : text === "Off" ? "off" : "unknown");

/** Best first: what a BMC may call the change. */
const resetTypes = {
  on: ["On", "ForceOn"],
  off: ["ForceOff"],
  reset: ["ForceRestart", "PowerCycle"],
} as const;

const targets: Readonly<Record<BootDevice, string>> = { network: "Pxe", disk: "Hdd" };

/** One login for all that a verb does. */
interface Open {
  readonly session: Session;
  readonly path: string;
  read(): Promise<System>;
}

export function redfish(given: Partial<RedfishPatience & Patience> = {}): PowerDriver {
  const settings = { ...defaults, ...given };

  async function withSystem<T>(bmc: BmcAccess, work: (open: Open) => Promise<T>): Promise<T> {
    const { certificate = null, system: wanted } = optionsOf("redfish", redfishOptions, bmc);
    const session = await openSession(bmc, certificate, settings);
    try {
      const path = await systemPath(session, wanted, bmc);
      return await work({
        session,
        path,
        read: async () => parse(system, await session.get(path), bmc, path),
      });
    } finally {
      await session.close();
    }
  }

  const change = (bmc: BmcAccess, verb: (power: Verified) => Promise<PowerState>): Promise<PowerState> =>
    withSystem(bmc, ({ session, read }) =>
      verb(
        verified(
          bmc,
          {
            read: async () => stateOf((await read()).PowerState),
            send: async (what) => {
              const reset = (await read()).Actions["#ComputerSystem.Reset"];
              const allowed = reset["ResetType@Redfish.AllowableValues"];
              const type = resetTypes[what].find((each) => allowed === undefined || allowed.includes(each));
              if (type === undefined) {
                const message = `BMC ${bmc.address} allows ${allowed?.join(", ")}, none of ${resetTypes[what].join(", ")}`;
                throw new DriverFault(configurationFault("reset-unsupported", message));
              }
              bmc.guard();
              const status = await session.send("POST", reset.target, { ResetType: type });
              if (status >= 400) {
                const message = `BMC ${bmc.address} refused ${type} with status ${status}`;
                throw new DriverFault(nodeFault("bmc-refused", message));
              }
            },
          },
          settings,
        ),
      ),
    );

  return {
    name: "redfish",
    needsCredential: true,
    bootDevice: "settable",
    on: (bmc) => change(bmc, (power) => power.on()),
    off: (bmc) => change(bmc, (power) => power.off()),
    cycle: (bmc) => change(bmc, (power) => power.cycle()),
    reset: (bmc) => change(bmc, (power) => power.reset()),
    status: (bmc) => withSystem(bmc, async ({ read }) => stateOf((await read()).PowerState)),
    look: (bmc) =>
      withSystem(bmc, async ({ read }) => {
        const seen = await read();
        return { power: stateOf(seen.PowerState), machine: redfishFacts(seen) };
      }),
    setBootDevice: (bmc, device, persistence) =>
      withSystem(bmc, (open) => setBootDevice(bmc, open, device, persistence)),
    accounts: (bmc) => withSystem(bmc, (open) => accountsOf(bmc, open)),
    identify: (bmc, seconds) => withSystem(bmc, (open) => identify(bmc, open, seconds)),
    bios: {
      read: (bmc) => withSystem(bmc, (open) => readRedfishBios(bmc, open)),
      apply: (bmc, attributes) => withSystem(bmc, (open) => applyRedfishBios(bmc, open, attributes)),
    },
  };
}

/** Where the BMC tells of the machine; of several it wants to know which. */
export async function systemPath(
  session: Session,
  wanted: string | undefined,
  bmc: Pick<BmcAccess, "address">,
): Promise<string> {
  const where = "/redfish/v1/Systems";
  const { Members } = parse(collection, await session.get(where), bmc, where);
  const paths = Members.map((each) => each["@odata.id"]);
  const path = wanted === undefined ? paths[0] : paths.find((each) => each.split("/").at(-1) === wanted);
  if (path !== undefined && (wanted !== undefined || paths.length === 1)) return path;
  const names = paths.map((each) => each.split("/").at(-1)).join(", ");
  const message = `BMC ${bmc.address} has the systems ${names}: set the option system to one of them`;
  throw new DriverFault(configurationFault("power-options", message));
}

async function setBootDevice(
  bmc: BmcAccess,
  { session, path, read }: Open,
  device: BootDevice,
  persistence: Persistence,
): Promise<void> {
  const wanted = {
    BootSourceOverrideTarget: targets[device],
    BootSourceOverrideEnabled: persistence === "once" ? "Once" : "Continuous",
  };
  bmc.guard();
  const status = await session.send("PATCH", path, { Boot: wanted });
  const { Boot: seen } = await read();
  if (
    seen?.BootSourceOverrideTarget === wanted.BootSourceOverrideTarget &&
    seen.BootSourceOverrideEnabled === wanted.BootSourceOverrideEnabled
  )
    return;
  const found = `${seen?.BootSourceOverrideTarget} ${seen?.BootSourceOverrideEnabled}`;
  const message = `BMC ${bmc.address} answered ${status}, but its boot override is ${found}`;
  throw new DriverFault(nodeFault("boot-device-unchanged", message));
}

/** Unused places of a BMC with a fixed number of them are accounts without a name. */
async function accountsOf(bmc: BmcAccess, { session }: Open): Promise<readonly string[]> {
  const root = "/redfish/v1";
  const { AccountService } = parse(service, await session.get(root), bmc, root);
  if (AccountService === undefined) throw unsupported("redfish", "tell who may log in to this BMC");
  const where = AccountService["@odata.id"];
  const list = parse(accountService, await session.get(where), bmc, where).Accounts["@odata.id"];
  const names: string[] = [];
  for (const { "@odata.id": path } of parse(accountList, await session.get(list), bmc, list).Members) {
    const { UserName, Enabled } = parse(account, await session.get(path), bmc, path);
    if (Enabled && UserName !== "") names.push(UserName);
  }
  return names;
}

/** Redfish has no duration: it is lit, waited for, and put out again. */
async function identify(bmc: BmcAccess, { session, path, read }: Open, seconds: number): Promise<void> {
  const before = await read();
  const newer = before.LocationIndicatorActive !== undefined;
  if (!newer && before.IndicatorLED === undefined) throw unsupported("redfish", "light this machine up");
  const light = async (on: boolean): Promise<void> => {
    await session.send(
      "PATCH",
      path,
      newer ? { LocationIndicatorActive: on } : { IndicatorLED: on ? "Blinking" : "Off" },
    );
    const seen = await read();
    if ((newer ? seen.LocationIndicatorActive : seen.IndicatorLED !== "Off") === on) return;
    throw new DriverFault(
      nodeFault("identify-unchanged", `BMC ${bmc.address} took the request, but its light is as before`),
    );
  };
  await light(seconds > 0);
  if (seconds === 0) return;
  await pause(seconds * 1000, bmc.signal);
  await light(false);
}

function parse<T>(
  shape: z.ZodType<T>,
  value: unknown,
  { address }: Pick<BmcAccess, "address">,
  path: string,
): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DriverFault(
    nodeFault("bmc-error", `BMC ${address} answered ${path} with something else than Redfish`),
  );
}
