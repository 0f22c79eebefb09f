/** A node as its people describe it, and as it is kept: the one is made of the other without loss. Pure. */
import type { LabId, NodeId } from "../ids.ts";
import type { NodeSpec } from "../node/node.ts";
import type { Wiring } from "../node/wiring.ts";

export interface NodeDescription extends Wiring {
  readonly id: NodeId;
  readonly class: string;
  readonly tags: readonly string[];
  readonly macs: readonly string[];
  readonly bmc: {
    readonly driver: string;
    readonly address: string;
    readonly options: Readonly<Record<string, string>>;
    readonly credential: string;
    /** Left out: the address. */
    readonly domain?: string | undefined;
    readonly quiescentSeconds: number;
  };
}

export function specOf({ bmc, ...node }: NodeDescription, lab: LabId): NodeSpec {
  const { driver, address, options, credential, domain = address, quiescentSeconds } = bmc;
  const quiescentMs = Math.round(quiescentSeconds * 1000);
  return { ...node, lab, power: { driver, address, options, domain, credential, quiescentMs }, version: 1 };
}

export function descriptionOf({ lab: _lab, version: _version, power, ...node }: NodeSpec): NodeDescription {
  const { quiescentMs, domain, ...bmc } = power;
  const named = domain === bmc.address ? {} : { domain };
  return { ...node, bmc: { ...bmc, ...named, quiescentSeconds: quiescentMs / 1000 } };
}
