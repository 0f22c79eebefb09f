/** What stands in a node's hardware log as changed, taken as it is. */
import { bmcAdopted } from "../core/identification/bmc.ts";
import { adopted } from "../core/identification/drift.ts";
import { isDriftCode } from "../core/identification/settings.ts";
import type { HardwareIssue } from "../core/timeline.ts";
import type { Write } from "../ports/store.ts";
import type { App } from "./app.ts";

/** Whoever closes such an issue takes the machine as it is now. */
export async function acceptanceOf(
  { store }: Pick<App, "store">,
  issues: readonly HardwareIssue[],
): Promise<readonly Write[]> {
  const codes = issues.map(({ fault }) => fault.code).filter(isDriftCode);
  const [first] = issues;
  if (first === undefined || codes.length === 0) return [];
  const [hardware, bmc] = await Promise.all([
    store.read("node-hardware", first.node),
    store.read("node-bmc", first.node),
  ]);
  const writes: Write[] = [];
  if (hardware !== null) {
    const accepted = codes.reduce((before, code) => adopted(before, hardware.seen, code), hardware.accepted);
    const value = { ...hardware, version: hardware.version + 1, accepted };
    writes.push({ kind: "node-hardware", value, expect: hardware.version });
  }
  if (bmc !== null) {
    const accepted = codes.reduce((before, code) => bmcAdopted(before, bmc.seen, code), bmc.accepted);
    writes.push({
      kind: "node-bmc",
      value: { ...bmc, version: bmc.version + 1, accepted },
      expect: bmc.version,
    });
  }
  return writes;
}
