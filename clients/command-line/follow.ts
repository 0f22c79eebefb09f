/** A reservation, looked at again and again: drawn anew on a terminal, one line for each change anywhere else. */
import { ProblemError, type Reservation, UnreachableError } from "../typescript/client.ts";
import type { Context } from "./command.ts";
import { nodeLine, reservationLine } from "./progress.ts";
import { plain } from "./text.ts";

const lookEveryMs = 2000;
/** A load takes many minutes: an API that is away for some of them does not end the watch. */
const outageMs = 5 * 60_000;

/** Looks until it holds, and gives what was seen last. */
export async function follow(
  context: Context,
  id: string,
  until: (reservation: Reservation) => boolean,
): Promise<Reservation> {
  const { client, surroundings } = context;
  const show = picture(context);
  let answeredAtMs = surroundings.now();
  for (;;) {
    try {
      const reservation = await client.call("getReservationsById", { id });
      answeredAtMs = surroundings.now();
      show(reservation);
      if (until(reservation)) return reservation;
    } catch (error) {
      const passes =
        error instanceof UnreachableError || (error instanceof ProblemError && error.status >= 500);
      if (!passes || surroundings.now() - answeredAtMs > outageMs) throw error;
      context.note(`${error.message}; asking again`);
    }
    await surroundings.sleep(lookEveryMs);
  }
}

function picture(context: Context): (reservation: Reservation) => void {
  if (context.json) return jsonLines(context);
  return context.surroundings.isTerminal ? drawing(context) : changedLines(context);
}

function jsonLines({ show }: Context): (reservation: Reservation) => void {
  let last = "";
  return (reservation) => {
    const text = JSON.stringify(reservation);
    if (text !== last) show(reservation, () => []);
    last = text;
  };
}

function changedLines({ say }: Context): (reservation: Reservation) => void {
  let last = new Set<string>();
  return (reservation) => {
    const lines = [reservationLine(reservation), ...reservation.nodes.map((node) => nodeLine(node, null))];
    for (const line of lines) if (!last.has(line)) say(line);
    last = new Set(lines);
  };
}

const clearLine = "\u001b[2K";
const clearBelow = "\u001b[0J";
const up = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A`);

function drawing({ surroundings }: Context): (reservation: Reservation) => void {
  let drawn = 0;
  return (reservation) => {
    const nowMs = surroundings.now();
    const lines = [
      reservationLine(reservation, nowMs),
      ...reservation.nodes.map((node) => nodeLine(node, nowMs)),
    ];
    const width = surroundings.columns() - 1;
    const text = lines.map((line) => `${clearLine}${plain(line).slice(0, width)}\n`).join("");
    surroundings.out(`${up(drawn)}${clearBelow}${text}`);
    drawn = lines.length;
  };
}
