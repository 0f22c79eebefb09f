/** Machines that nobody knows become nodes of a class by what they are made of (the lab's rules). Pure. */
import { isNodeId, type NodeId } from "../ids.ts";
import { meets, minimumText } from "../node/hardware.ts";
import { usable } from "./identity.ts";
import type { ClaimRule } from "./settings.ts";
import type { Sighting } from "./sighting.ts";

/** The node that a rule makes. */
export interface RuledNode {
  readonly rule: string;
  readonly id: NodeId;
  readonly class: string;
  readonly tags: readonly string[];
  readonly power: ClaimRule["power"];
}

export type Ruled =
  | { readonly kind: "node"; readonly rule: RuledNode; readonly evidence: string }
  /** A rule fits, and cannot be carried out. */
  | { readonly kind: "lacking"; readonly why: string }
  | { readonly kind: "none" };

/** By the first rule that fits. */
export function ruledNode(sighting: Sighting, rules: readonly ClaimRule[]): Ruled {
  const rule = rules.find((each) => fits(sighting, each));
  if (rule === undefined) return { kind: "none" };
  const { system } = sighting.hardware;
  const lacks = (what: string): Ruled => ({
    kind: "lacking",
    why: `rule ${rule.name} fits, but wants its ${what}, which the machine did not tell`,
  });
  const { bmcAddress } = sighting;
  if (rule.power.address.includes("{bmc}") && bmcAddress === null) return lacks("BMC's address");
  const values = {
    mac: sighting.mac.replaceAll(":", ""),
    serial: slugOf(usable(system?.serial)),
    uuid: slugOf(usable(system?.uuid)),
  };
  for (const [name, value] of Object.entries(values))
    if (rule.nodeName.includes(`{${name}}`) && value === null) return lacks(name);
  const id = Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(`{${name}}`, value ?? ""),
    rule.nodeName,
  );
  if (!isNodeId(id))
    return { kind: "lacking", why: `rule ${rule.name} would call it ${id}, which is no node id` };
  const power = { ...rule.power, address: rule.power.address.replaceAll("{bmc}", bmcAddress ?? "") };
  return {
    kind: "node",
    rule: { rule: rule.name, id, class: rule.class, tags: rule.tags, power },
    evidence: `rule ${rule.name}: ${minimumText(rule.minimum) || "any machine"}`,
  };
}

function fits({ hardware }: Sighting, { minimum, manufacturer, product }: ClaimRule): boolean {
  const begins = (text: string | undefined, beginning: string | undefined): boolean =>
    beginning === undefined || text?.toLowerCase().startsWith(beginning.toLowerCase()) === true;
  return (
    meets(hardware, minimum) &&
    begins(hardware.system?.manufacturer, manufacturer) &&
    begins(hardware.system?.product, product)
  );
}

const slugOf = (text: string | null): string | null =>
  text?.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "") ?? null;
