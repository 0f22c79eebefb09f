/** What cannot be true of a lab as it is described: two nodes on one outlet, a rack that nobody knows. Pure. */
import { type Capacity, capacityOf, lacking, type MinimumHardware } from "../node/hardware.ts";
import { claimsOf, type Path } from "./claims.ts";
import type { NodeDescription } from "./description.ts";

/** What a lab's people say of everything in it that is no node. */
export interface Surroundings {
  readonly racks: Readonly<Record<string, { readonly units: number }>>;
  readonly powerDomains: Readonly<Record<string, { readonly outlets?: number }>>;
  readonly switches: Readonly<Record<string, { readonly ports?: number }>>;
  readonly biosProfiles: Readonly<Record<string, unknown>>;
  readonly classes: Readonly<Record<string, { readonly minimum?: MinimumHardware }>>;
}

export interface Contradiction {
  readonly path: Path;
  readonly message: string;
  /** The other place that it contradicts; null: there is none, or it is not in this file. */
  readonly other: Path | null;
}

export function contradictionsIn(
  lab: string,
  nodes: readonly NodeDescription[],
  surroundings: Surroundings,
): readonly Contradiction[] {
  const found: Contradiction[] = [];
  const ids = new Map<string, number>();
  const owners = new Map<string, { readonly node: NodeDescription; readonly path: Path }>();
  for (const [index, node] of nodes.entries()) {
    const at = (path: Path): Path => ["nodes", index, ...path];
    const twin = ids.get(node.id);
    if (twin !== undefined)
      found.push({ path: at(["id"]), message: `node ${node.id} stands twice`, other: ["nodes", twin, "id"] });
    else ids.set(node.id, index);
    for (const { key, what, path } of claimsOf(node, lab)) {
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, { node, path: at(path) });
      else
        found.push({
          path: at(path),
          message:
            owner.node.id === node.id
              ? `${what} stands twice`
              : `${what} is already that of node ${owner.node.id}`,
          other: owner.path,
        });
    }
    for (const { path, message } of misfits(node, surroundings))
      found.push({ path: at(path), message, other: null });
  }
  return found;
}

type Misfit = Omit<Contradiction, "other">;

/** What it refers to and is not there, or is too small for it. */
export function misfits(node: NodeDescription, surroundings: Surroundings): readonly Misfit[] {
  const { racks, powerDomains, switches, biosProfiles, classes } = surroundings;
  const { rack, outlets = [], switchPort, biosProfile, bmc } = node;
  const unknown = (path: Path, what: string, name: string, known: object, where: string): Misfit[] =>
    Object.hasOwn(known, name)
      ? []
      : [{ path, message: `there is no ${what} ${name}: ${where} has ${namesIn(known)}` }];
  return [
    ...(Object.keys(classes).length === 0 ? [] : unknown(["class"], "class", node.class, classes, "classes")),
    ...tooSmall(node, classes[node.class]?.minimum ?? {}),
    ...(rack === undefined
      ? []
      : [
          ...unknown(["rack"], "rack", rack.name, racks, "racks"),
          ...beyond(
            ["rack"],
            `rack ${rack.name}`,
            "units",
            rack.unit + rack.height - 1,
            racks[rack.name]?.units,
          ),
        ]),
    ...outlets.flatMap(({ domain, outlet }, index) => [
      ...unknown(["outlets", index], "power domain", domain, powerDomains, "powerDomains"),
      ...beyond(["outlets", index], domain, "outlets", numberIn(outlet), powerDomains[domain]?.outlets),
    ]),
    ...(bmc.domain === undefined || Object.keys(powerDomains).length === 0
      ? []
      : unknown(["bmc", "domain"], "power domain", bmc.domain, powerDomains, "powerDomains")),
    ...(switchPort === undefined
      ? []
      : [
          ...unknown(["switchPort"], "switch", switchPort.switch, switches, "switches"),
          ...beyond(
            ["switchPort"],
            `switch ${switchPort.switch}`,
            "ports",
            numberIn(switchPort.port),
            switches[switchPort.switch]?.ports,
          ),
        ]),
    ...(biosProfile === undefined
      ? []
      : unknown(["biosProfile"], "BIOS profile", biosProfile, biosProfiles, "biosProfiles")),
  ];
}

const mostNamed = 8;

function namesIn(known: object): string {
  const names = Object.keys(known);
  if (names.length === 0) return "none";
  return names.length > mostNamed ? `${names.slice(0, mostNamed).join(", ")} …` : names.join(", ");
}

const numberIn = (text: string): number => (/^\d{1,6}$/.test(text) ? Number(text) : 0);

const beyond = (
  path: Path,
  whose: string,
  what: string,
  wanted: number,
  most: number | undefined,
): Misfit[] =>
  most === undefined || wanted <= most
    ? []
    : [{ path, message: `${whose} has ${most} ${what}, not ${wanted}` }];

/** A node whose people do not say what is in it may be anything. */
function tooSmall({ hardware, class: nodeClass }: NodeDescription, minimum: MinimumHardware): Misfit[] {
  if (hardware === undefined) return [];
  const capacity: Capacity = capacityOf(hardware);
  return lacking(capacity, minimum).map((what) => ({
    path: ["hardware"],
    message: `class ${nodeClass} is to have at least ${what}`,
  }));
}
