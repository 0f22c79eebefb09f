/** What stands in a node's hardware log as changed, taken as it is. */
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
  const known = await store.read("node-hardware", first.node);
  if (known === null) return [];
  const accepted = codes.reduce((hardware, code) => adopted(hardware, known.seen, code), known.accepted);
  return [
    {
      kind: "node-hardware",
      value: { ...known, version: known.version + 1, accepted },
      expect: known.version,
    },
  ];
}
