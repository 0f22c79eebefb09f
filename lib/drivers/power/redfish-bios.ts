/**
 * Firmware over Redfish (DSP2046, Bios 1.x): the system links its Bios resource, whose attributes are those that hold now;
 * what is wanted goes to the settings object that `@Redfish.Settings` names, and holds after the next reset.
 */
import * as z from "zod";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { type BiosValue, type BmcAccess, unsupported } from "./driver.ts";
import type { Session } from "./redfish-session.ts";

const link = z.looseObject({ "@odata.id": z.string() });
const system = z.looseObject({ Bios: link.optional() });
const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const bios = z.looseObject({
  Attributes: z.record(z.string(), value).default({}),
  "@Redfish.Settings": z.looseObject({ SettingsObject: link }).optional(),
});

interface Open {
  readonly session: Session;
  readonly path: string;
}

async function biosOf(bmc: BmcAccess, { session, path }: Open) {
  const found = system.safeParse(await session.get(path));
  const where = found.success ? found.data.Bios?.["@odata.id"] : undefined;
  if (where === undefined)
    throw unsupported("redfish", `tell of the firmware of ${bmc.address}: it has no Bios resource`);
  return { where, ...(await readAt(bmc, session, where)) };
}

async function readAt(bmc: BmcAccess, session: Session, where: string): Promise<z.infer<typeof bios>> {
  const parsed = bios.safeParse(await session.get(where));
  if (parsed.success) return parsed.data;
  throw new DriverFault(
    nodeFault("bmc-error", `BMC ${bmc.address} answered ${where} with something else than a Bios resource`),
  );
}

export const readRedfishBios = async (
  bmc: BmcAccess,
  open: Open,
): Promise<Readonly<Record<string, BiosValue | null>>> => (await biosOf(bmc, open)).Attributes;

/** Done when the settings object has them, whatever the BMC answered. */
export async function applyRedfishBios(
  bmc: BmcAccess,
  open: Open,
  wanted: Readonly<Record<string, BiosValue>>,
): Promise<void> {
  const { session } = open;
  const now = await biosOf(bmc, open);
  const unknown = Object.keys(wanted).filter((name) => !(name in now.Attributes));
  if (unknown.length > 0)
    throw new DriverFault(
      configurationFault(
        "bios-attribute-unknown",
        `the firmware behind BMC ${bmc.address} knows no ${unknown.join(", ")}: correct the BIOS profile`,
      ),
    );
  // Some tell that a name is a number or a switch only by the value that it has.
  const attributes = Object.fromEntries(
    Object.entries(wanted).map(([name, each]) => [name, likeBefore(each, now.Attributes[name])]),
  );
  const settings = now["@Redfish.Settings"]?.SettingsObject["@odata.id"] ?? `${now.where}/Settings`;
  bmc.guard();
  const status = await session.send("PATCH", settings, { Attributes: attributes });
  const pending = await readAt(bmc, session, settings);
  const left = Object.entries(attributes).filter(([name, each]) => pending.Attributes[name] !== each);
  if (left.length === 0) return;
  const message = `BMC ${bmc.address} answered ${status}, but does not have ${left.map(([name]) => name).join(", ")} among its pending settings`;
  throw new DriverFault(nodeFault("bios-refused", message));
}

const likeBefore = (wanted: BiosValue, before: BiosValue | null | undefined): BiosValue =>
  typeof before === "string" && typeof wanted !== "string" ? String(wanted) : wanted;
