import type { Input } from "../../typescript/client.ts";
import type { Given } from "../command.ts";
import { type Command, type Context, command } from "../command.ts";
import { exits, UsageError } from "../exit.ts";

const scope = {
  node: { value: "ID", is: "this node" },
  class: { value: "NAME", is: "all nodes of this class" },
  rack: { value: "NAME", is: "all nodes of this rack; with --lab" },
  "power-domain": { value: "NAME", is: "all nodes that share this BMC or PDU; with --lab" },
  lab: { value: "ID", is: "all nodes of this lab, or of it what else is named" },
  reason: { value: "TEXT", is: "why, for the nodes' timelines" },
} as const;

type Upkeep = Input<"postUpkeep">["body"];

/** Page after page: a large group is gone through some nodes at a time. */
async function goThrough({ client, show }: Context, wanted: Upkeep, done: string): Promise<number> {
  let next: string | null = null;
  let touched = 0;
  do {
    const page: Awaited<ReturnType<typeof client.call<"postUpkeep">>> = await client.call("postUpkeep", {
      body: { ...wanted, next },
    });
    show(page, () =>
      page.nodes.map(({ node, outcome, state, reservation }) => {
        const held = reservation === null ? "" : `, reservation ${reservation} is waited for`;
        return `${node}: ${outcome === "changed" ? done : "as it was"}, now ${state}${held}`;
      }),
    );
    touched += page.nodes.length;
    next = page.next;
  } while (next !== null);
  return touched;
}

function scopeOf(name: string, given: Given<string>): { of: Upkeep["of"]; reason: string } {
  const named = {
    node: given.text("node"),
    class: given.text("class"),
    rack: given.text("rack"),
    powerDomain: given.text("power-domain"),
    lab: given.text("lab"),
  };
  const of = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  if (Object.keys(of).length === 0)
    throw new UsageError(
      `${name}: of which nodes? --node, --class, --rack, --power-domain or --lab is wanted`,
    );
  const reason = given.text("reason");
  if (reason === undefined) throw new UsageError(`${name}: --reason is wanted, for the nodes' timelines`);
  return { of, reason };
}

const outcome = (touched: number, name: string): number => {
  if (touched === 0) throw new UsageError(`${name}: there is no such node`);
  return exits.done;
};

export const drain: Command = command({
  name: "drain",
  is: "take nodes into maintenance: nobody new gets them, whoever has them is waited for",
  takes: [],
  options: {
    ...scope,
    until: { value: "WHEN", is: "when the maintenance is over: +2d, or 2026-11-21T09:30" },
    remind: { is: "do not hand them out again by then: only write into their hardware logs that it is over" },
  },
  async run(context, given) {
    const until = given.instant("until");
    if (until === undefined) throw new UsageError("drain: --until is wanted: +2h, +3d, or 2026-11-21T09:30");
    const atEnd = given.flag("remind") ? "remind" : "return";
    const wanted = { ...scopeOf("drain", given), action: "drain", until, atEnd } as const;
    return outcome(await goThrough(context, wanted, "drained"), "drain");
  },
});

export const bringBack: Command = command({
  name: "return",
  is: "bring nodes back that were drained, quarantined or retired: they are checked first",
  takes: [],
  options: scope,
  async run(context, given) {
    const wanted = { ...scopeOf("return", given), action: "return" } as const;
    return outcome(await goThrough(context, wanted, "coming back"), "return");
  },
});

export const retire: Command = command({
  name: "retire",
  is: "take nodes out of use for good, as soon as whoever has them is done",
  takes: [],
  options: scope,
  async run(context, given) {
    const wanted = { ...scopeOf("retire", given), action: "retire" } as const;
    return outcome(await goThrough(context, wanted, "retired"), "retire");
  },
});
