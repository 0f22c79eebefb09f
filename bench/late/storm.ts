/** One lab goes dark while all of its nodes boot, and comes back: nothing may be rebooted for it, and no node forgotten. */
import { minutes } from "../../lib/core/time.ts";
import { MemoryLab } from "../../test/app/lab.ts";
import { correctiveIn, pass } from "./late.ts";

export interface Storm {
  readonly nodes: number;
  readonly darkMinutes: number;
  /** Resets and power cycles that were sent to it meanwhile: nobody has seen a node since. */
  readonly correctionsInTheDark: number;
  /** After it has come back. */
  readonly correctionsAfter: number;
  /** Reservations took so long, in seconds, from the lab's return to the last that is handed over. */
  readonly secondsUntilAll: number;
  readonly forgotten: number;
}

export async function storm(nodes: number, darkMinutes: number): Promise<Storm> {
  const lab = await new MemoryLab().open(nodes);
  const wanted: string[] = [];
  for (let from = 0; from < nodes; from += 32) {
    wanted.push(`r-${from}`);
    await lab.reserve(`r-${from}`, Math.min(32, nodes - from), 24 * 60);
  }
  await pass(lab, 95_000);
  const dark = lab.hands.deliveries.length;
  lab.cutOff = true;
  await pass(lab, minutes(darkMinutes));
  lab.cutOff = false;
  const back = lab.hands.deliveries.length;
  const from = lab.now;
  const ready = async (): Promise<boolean> =>
    (await Promise.all(wanted.map((id) => lab.isIn(id, "reserved")()))).every(Boolean);
  // Whoever is forgotten keeps its reservation waiting for ever.
  const bound = minutes(240);
  await lab.until(async () => lab.now - from >= bound || (await ready()), 2 * bound);
  const spent = (lab.now - from) / 1000;
  const states = (await lab.nodes()).map(({ provision }) => provision.state);
  return {
    nodes,
    darkMinutes,
    correctionsInTheDark: correctiveIn(lab.hands.deliveries.slice(dark, back)),
    correctionsAfter: correctiveIn(lab.hands.deliveries.slice(back)),
    secondsUntilAll: Math.round(spent),
    forgotten: states.filter((state) => state !== "reserved" && state !== "in-use").length,
  };
}
