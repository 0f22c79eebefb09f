import type { ReservationSummary } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { isOver } from "../progress.ts";
import { instantText, table } from "../text.ts";

export const ls = command({
  name: "ls",
  is: "list reservations, the oldest first; those that are over behind them, the latest first",
  takes: [],
  options: { all: { is: "those that are over as well" } },
  async run({ client, show }, given) {
    const reservations: ReservationSummary[] = [];
    for await (const page of client.pages("getReservations")) {
      reservations.push(...page.reservations.filter((each) => given.flag("all") || !isOver(each)));
      // What is over stands behind all that goes on.
      if (!given.flag("all") && page.reservations.some(isOver)) break;
    }
    show({ reservations, next: null }, () => table(head, reservations.map(rowOf)));
    return exits.done;
  },
});

const head = ["RESERVATION", "STATE", "OWNER", "IMAGE", "NODES", "FROM", "TO"];

const rowOf = ({
  id,
  state,
  owner,
  image,
  nodes,
  count,
  start,
  end,
}: ReservationSummary): readonly string[] => [
  id,
  state,
  owner,
  image,
  `${nodes.length}/${count}`,
  instantText(start),
  instantText(end),
];
