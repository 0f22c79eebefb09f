/** An inspection has heard what the BMC tells of the machine: is that as it was? Found without a boot, on nodes that idle too. */
import type { NodeBmc } from "../contracts/identification.ts";
import { bmcAdopted, bmcDrift, bmcGrown } from "../core/identification/bmc.ts";
import { answerTo, defaultIdentification } from "../core/identification/settings.ts";
import type { Lab } from "../core/lab.ts";
import type { BmcFacts } from "../core/node/hardware.ts";
import type { Actor, NodeState } from "../core/node/node.ts";
import type { App } from "./app.ts";
import { logFindings } from "./drift.ts";

const inspection: Actor = { kind: "engine", name: "inspection" };

/** The log is written first: whoever dies in between, or is not the first to write, finds the same again at the next inspection. */
export async function heedBmcFacts(app: App, lab: Lab, { id }: NodeState, seen: BmcFacts): Promise<void> {
  const { store } = app;
  const settings = lab.identification ?? defaultIdentification;
  const [known, hardware] = await Promise.all([store.read("node-bmc", id), store.read("node-hardware", id)]);
  const machine = hardware?.machine ?? known?.machine ?? null;
  const isOther = known !== null && known.machine !== null && known.machine !== machine;
  const before = known === null || isOther ? seen : known.accepted;
  const findings = bmcDrift(before, seen);
  const ignored = findings.filter(({ code }) => answerTo(settings, code) === "ignore");
  const heeded = findings.filter((each) => !ignored.includes(each));
  await logFindings(app, id, heeded, settings, inspection);
  const taken = ignored.reduce((accepted, { code }) => bmcAdopted(accepted, seen, code), before);
  const value: NodeBmc = {
    node: id,
    version: (known?.version ?? 0) + 1,
    machine,
    accepted: bmcGrown(taken, seen),
    seen,
  };
  const { version: _, ...now } = value;
  const { version: __, ...then } = known ?? { ...now, seen: {}, version: 0 };
  if (JSON.stringify(now) === JSON.stringify(then)) return;
  await store.commit([{ kind: "node-bmc", value, expect: known?.version ?? "absent" }]);
}
