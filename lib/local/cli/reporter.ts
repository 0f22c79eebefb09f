/** How the main job is told: lines of JSON, plain lines, or a picture that is drawn anew on a terminal. */

import type { ReservationView } from "../../contracts/reservation-views.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import { nodeLine, reservationLine } from "./progress.ts";

export interface Reporter {
  /** Something that a person wants to know: an address, a step of the start. */
  say(text: string): void;
  event(entry: TimelineEntry): void;
  /** How the reservation stands now. */
  frame(view: ReservationView, now: number): void;
  /** The last word. */
  result(result: Readonly<Record<string, unknown>>): void;
}

type Write = (text: string) => void;

export function jsonReporter(write: Write): Reporter {
  const line = (value: unknown) => write(`${JSON.stringify(value)}\n`);
  return {
    say: (text) => line({ event: "say", text }),
    event: ({ entity, ...rest }) => line({ event: entity.kind, [entity.kind]: entity.id, ...rest }),
    frame: () => {},
    result: line,
  };
}

export function plainReporter(write: Write, startedAt: number): Reporter {
  return {
    say: (text) => write(`${text}\n`),
    event: (entry) => write(`${eventLine(entry, startedAt)}\n`),
    frame: () => {},
    result: (result) => write(`${JSON.stringify(result)}\n`),
  };
}

function eventLine({ entity, at, from, to, attempt, why }: TimelineEntry, startedAt: number): string {
  const time = `${((at - startedAt) / 1000).toFixed(1).padStart(6)} s`;
  const state = from === to ? to : `${from} → ${to}`;
  const nth = attempt === null || attempt === 1 ? "" : ` (attempt ${attempt})`;
  return `${time}  ${entity.id.padEnd(12)}  ${state}${nth}: ${why}`;
}

const clearLine = "\u001b[2K";
const up = (lines: number) => (lines === 0 ? "" : `\u001b[${lines}A`);

export function terminalReporter(write: Write, columns: () => number): Reporter {
  let drawn = 0;
  let lines: string[] = [];
  const draw = () => {
    const width = columns();
    const text = lines.map((line) => `${clearLine}${line.slice(0, width - 1)}\n`).join("");
    write(`${up(drawn)}${text}`);
    drawn = lines.length;
  };
  const above = (text: string) => {
    // What is said stays; the picture moves down below it.
    write(`${up(drawn)}${drawn === 0 ? "" : "\u001b[0J"}${text}\n`);
    drawn = 0;
    if (lines.length > 0) draw();
  };
  return {
    say: above,
    event: (entry) => {
      if (entry.correction !== null) above(`  ${entry.entity.id}: ${entry.why}`);
    },
    frame: (view, now) => {
      lines = [reservationLine(view), ...view.nodes.map((node) => `  ${nodeLine(node, now)}`)];
      draw();
    },
    result: (result) => above(JSON.stringify(result)),
  };
}
