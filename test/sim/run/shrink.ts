/**
 * The shortest failing history: run again without some of what went wrong, as long as the same promise is still broken.
 * Every fault and every action of people has a name and chance of its own, so that leaving one out changes no other.
 */
import type { Defect } from "../defect.ts";
import { type History, runHistory } from "../history.ts";
import type { Violation } from "./batch.ts";

const mostTries = 600;

/** Not to be called within a promise (schedule.ts). */
export function shrink({ seed, level, found }: Violation, defect: Defect): History {
  const run = (without: ReadonlySet<string>, tells = false): History =>
    runHistory({ seed, level, defect, without, tells });
  const fails = (history: History): boolean => history.found?.invariant === found.invariant;
  let left = new Set<string>();
  let best = run(left);
  let tries = 0;
  for (let size = Math.ceil(best.struck.length / 2); size >= 1 && tries < mostTries; ) {
    let smaller = false;
    const { struck } = best;
    for (let at = 0; at < struck.length && tries < mostTries; at += size) {
      const without = new Set([...left, ...struck.slice(at, at + size)]);
      const tried = run(without);
      tries += 1;
      if (!fails(tried) || tried.struck.length >= best.struck.length) continue;
      [left, best, smaller] = [without, tried, true];
      break;
    }
    if (!smaller) size = size === 1 ? 0 : Math.ceil(size / 2);
    else size = Math.min(size, Math.ceil(best.struck.length / 2));
  }
  return run(left, true);
}
