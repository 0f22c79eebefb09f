/**
 * Reports on their way out, as lib/agent/reports.ts sends them: kept in the journal until the queue has them, in order,
 * tried again for ever; the newest progress only; now and then a sign of life, by whose answer the agent hears the time.
 */
import type { CloudClock } from "../../lib/agent/clock.ts";
import type { Journal } from "../../lib/agent/journal.ts";
import type { Report, Reports } from "../../lib/contracts/report.ts";
import type { Beacon, CommandResult } from "../../lib/core/command.ts";
import type { ControllerId, LabId } from "../../lib/core/ids.ts";
import { instant } from "../../lib/core/time.ts";
import type { Life } from "./disk.ts";
import type { World } from "./world.ts";

const mostPerMessage = 20;
const gatherMs = 15;
const aliveEveryMs = 240_000;
const longestPauseMs = 30_000;

export interface ReporterSettings {
  readonly world: World;
  readonly life: Life;
  readonly journal: Journal;
  readonly clock: CloudClock;
  readonly controller: ControllerId;
  readonly lab: LabId;
  readonly wall: () => number;
  /** Whether the cloud can be reached. */
  readonly online: () => boolean;
  /** False: it took the message, but its answer did not come back. */
  readonly post: (message: Reports) => boolean;
}

export function createReporter({
  world,
  life,
  journal,
  clock,
  controller,
  lab,
  wall,
  online,
  post,
}: ReporterSettings) {
  const luck = world.luck(`reports ${controller}`);
  const progress = new Map<string, Beacon>();
  let busy = false;
  let wait = 250;
  let alive = true;

  function send(): void {
    const kept = [...journal.state.spool].slice(0, mostPerMessage - 1);
    const newest = [...progress.values()].slice(0, mostPerMessage - 1 - kept.length);
    const reports: Report[] = [
      ...(alive ? [{ kind: "alive", lab, at: instant(wall()) } as const] : []),
      ...kept.map(([, report]) => report),
      ...newest.map((beacon) => ({ kind: "beacon", beacon }) as const),
    ];
    if (reports.length === 0) {
      busy = false;
      return;
    }
    const sentAt = wall();
    later(luck.between(20, 200), () => {
      const taken =
        online() && post({ schema: "rackwright.reports/1", controller, journal: journal.id, reports });
      if (!taken) {
        later(wait, send);
        wait = Math.min(online() ? longestPauseMs : 4 * longestPauseMs, 2 * wait);
        return;
      }
      wait = 250;
      alive = false;
      clock.heard(new Date(world.now).toUTCString(), sentAt);
      for (const each of newest) if (progress.get(each.node) === each) progress.delete(each.node);
      const last = kept.at(-1)?.[0];
      const noted = last === undefined ? Promise.resolve() : journal.append({ t: "sent", seq: last });
      noted.then(() => life.alive && send()).catch(() => {});
    });
  }

  const later = (ms: number, call: () => void): void => {
    world.schedule.after(ms, () => life.alive && call());
  };

  function wake(): void {
    if (busy || !life.alive) return;
    busy = true;
    later(gatherMs, send);
  }

  function keep(report: Report): void {
    if (!life.alive) return;
    journal.append({ t: "report", seq: journal.state.lastSeq + 1, report }).catch(() => {});
    wake();
  }

  const beat = (): void => {
    alive = true;
    wake();
    later(aliveEveryMs, beat);
  };
  beat();

  return {
    command: (result: CommandResult): void => keep({ kind: "command", result }),
    beacon: (beacon: Beacon, kind: "kept" | "volatile"): void => {
      if (kind === "kept") {
        progress.delete(beacon.node);
        return keep({ kind: "beacon", beacon });
      }
      progress.set(beacon.node, beacon);
      wake();
    },
  };
}
