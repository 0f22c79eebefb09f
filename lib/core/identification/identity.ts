/** What a machine or a node is known by, as values that can be looked up. Pure. */
import type { PowerSettings } from "../command.ts";
import type { Hardware, SystemFact } from "../node/hardware.ts";
import type { SwitchPort } from "../node/wiring.ts";
import type { Strategy } from "./settings.ts";
import type { Sighting } from "./sighting.ts";

export interface Identity {
  readonly by: Exclude<Strategy, "order">;
  /** In one spelling, however it was written. */
  readonly value: string;
}

/** As much of a node as it can be known by. */
export interface KnownBy {
  readonly lab: string;
  readonly macs: readonly string[];
  readonly power: Pick<PowerSettings, "driver" | "address" | "options">;
  readonly uuid?: string;
  readonly serial?: string;
  readonly assetTag?: string;
  readonly switchPort?: SwitchPort;
}

export const identityId = ({ by, value }: Identity): string => `${by}#${value}`;

/** What vendors leave in a field that they did not fill: it says nothing about the machine. */
const placeholders =
  /^(|0+|f+|x+|none|n\/a|na|null|unknown|default( string)?|not (specified|available|applicable|settable)|to be filled by o\.?e\.?m\.?|system serial number|no asset (tag|information)|asset-?1234567890|chassis serial number|0?123456789|invalid|oem|empty)$/;
/** UUIDs that whole series of boards have. */
const sharedUuids = new Set([
  "03000200-0400-0500-0006-000700080009",
  "00020003-0004-0005-0006-000700080009",
  "12345678-1234-5678-90ab-cddeefaabbcc",
]);

/** The value in one spelling; null where it says nothing. */
export function usable(text: string | undefined): string | null {
  const value = text?.trim().toLowerCase().replaceAll(/\s+/g, " ") ?? "";
  if (placeholders.test(value) || placeholders.test(value.replaceAll("-", ""))) return null;
  return sharedUuids.has(value) ? null : value;
}

/** Some firmware writes the first three fields of a UUID the other way round (SMBIOS before 2.6). */
function otherByteOrder(uuid: string): string {
  const [first, second, third, ...rest] = uuid.split("-");
  if (first === undefined || second === undefined || third === undefined || rest.length !== 2) return uuid;
  const turned = (field: string): string => (field.match(/../g) ?? []).toReversed().join("");
  return [turned(first), turned(second), turned(third), ...rest].join("-");
}

function marksOf({
  uuid,
  serial,
  assetTag,
}: Pick<SystemFact, "uuid" | "serial" | "assetTag">): readonly Identity[] {
  const [id, number, tag] = [usable(uuid), usable(serial), usable(assetTag)];
  return [
    ...(id === null ? [] : [{ by: "uuid", value: id } as const]),
    ...(number === null ? [] : [{ by: "serial", value: number } as const]),
    ...(tag === null ? [] : [{ by: "asset-tag", value: tag } as const]),
  ];
}

/** A BMC's address without the scheme in front of it. */
const hostOf = (address: string): string =>
  address
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, "")
    .replace(/\/.*$/, "");

const bmcIdentity = (lab: string, address: string): Identity => ({
  by: "bmc-address",
  value: `${lab}/${hostOf(address)}`,
});

export const portIdentity = (lab: string, { switch: name, port }: SwitchPort): Identity => ({
  by: "switch-port",
  value: `${lab}/${name.toLowerCase()}/${port.toLowerCase()}`,
});

/** Only these speak for one machine each: a PDU or a chassis speaks for many. */
const ownBmc = (power: KnownBy["power"]): boolean =>
  (power.driver === "redfish" || power.driver === "ipmi") && power.options["system"] === undefined;

/** All that a node is known by, from its inventory and from what its machine was last taken for. */
export function identitiesOfNode(
  { macs, power, switchPort, lab, ...node }: KnownBy,
  accepted: Hardware | null,
): readonly Identity[] {
  const all: Identity[] = [
    ...macs.map((value) => ({ by: "mac", value }) as const),
    ...marksOf(node),
    ...marksOf(accepted?.system ?? {}),
    ...(ownBmc(power) ? [bmcIdentity(lab, power.address)] : []),
    ...(switchPort === undefined ? [] : [portIdentity(lab, switchPort)]),
  ];
  return unique(all);
}

/** Of all its interfaces, the one that it booted from first. */
export const macsOf = ({ mac, hardware }: Pick<Sighting, "mac" | "hardware">): readonly string[] => [
  ...new Set([mac, ...hardware.nics.map((nic) => nic.mac)]),
];

/** All that a machine can be looked up by. */
export function identitiesOfMachine({ lab, mac, hardware, bmcAddress }: Sighting): readonly Identity[] {
  const marks = marksOf(hardware.system ?? {});
  const turned = marks.flatMap(({ by, value }) =>
    by === "uuid" ? [{ by, value: otherByteOrder(value) } as const] : [],
  );
  return unique([
    ...macsOf({ mac, hardware }).map((value) => ({ by: "mac", value }) as const),
    ...marks,
    ...turned,
    ...(bmcAddress === null ? [] : [bmcIdentity(lab, bmcAddress)]),
    ...portsOf({ lab, hardware }),
  ]);
}

/** The switch ports that it hears, by each name that a switch tells of itself. */
export const portsOf = ({ lab, hardware }: Pick<Sighting, "lab" | "hardware">): readonly Identity[] =>
  (hardware.lldp ?? []).flatMap(({ chassis, systemName, port }) =>
    [...new Set([systemName ?? chassis, chassis])].map((name) => portIdentity(lab, { switch: name, port })),
  );

const unique = (identities: readonly Identity[]): readonly Identity[] => [
  ...new Map(identities.map((each) => [identityId(each), each])).values(),
];

const names: Readonly<Record<Identity["by"], string>> = {
  mac: "MAC",
  uuid: "UUID",
  serial: "serial number",
  "asset-tag": "asset tag",
  "bmc-address": "BMC",
  "switch-port": "switch port",
};

/** In words, for people: `MAC 52:54:00:b1:00:01`. */
export const identityText = ({ by, value }: Identity): string =>
  `${names[by]} ${by === "bmc-address" || by === "switch-port" ? value.slice(value.indexOf("/") + 1) : value}`;
