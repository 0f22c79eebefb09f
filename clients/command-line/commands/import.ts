import type { Held, Known, Plan } from "../../../lib/inventory/plan.ts";
import type { Read } from "../../../lib/inventory/read.ts";
import { type Client, ProblemError } from "../../typescript/client.ts";
import { type Context, command } from "../command.ts";
import { exits, FailedError, UsageError } from "../exit.ts";
import { table } from "../text.ts";

/** The API's own limit. */
const mostClaims = 1000;
/** The API is one function, many at a time: so many calls go side by side. */
const atOnce = 4;

export const importLab = command({
  name: "import",
  is: "import a lab file (YAML or JSON): what is new is enrolled, what is different is changed",
  takes: ["FILE"],
  options: { plan: { is: "only show what would change, and change nothing" } },
  async run(context, given) {
    const name = given.argument(0);
    const { inventory, plan, known, read } = await prepare(context, name);
    const { callsOf, isEmpty } = inventory;
    const { problems } = plan;
    if (problems.length > 0) {
      for (const { path, message } of problems)
        context.note(inventory.problemText(name, { ...read.placeOf(path), message, other: null }));
      throw new FailedError(`${name} contradicts what is there: nothing was changed`);
    }
    if (given.flag("plan")) {
      context.show(plan, () => planLines(plan));
      return isEmpty(plan) ? exits.done : exits.changes;
    }
    if (isEmpty(plan)) {
      context.show(summaryOf(plan, []), () => [
        `lab ${plan.lab} is as the file has it`,
        ...missingLines(plan),
      ]);
      return exits.done;
    }
    const refused = await apply(context, read.file.lab, callsOf(read.file, plan, known));
    context.show(summaryOf(plan, refused), () => [
      `lab ${plan.lab}: ${plan.added.length} enrolled, ${plan.changed.length} changed, ${plan.unchanged} as they were`,
      ...missingLines(plan),
    ]);
    for (const why of refused) context.note(why);
    return refused.length === 0 ? exits.done : exits.refused;
  },
});

/** Loaded by those who need it: every other command starts without it. */
const load = async () => ({
  ...(await import("../../../lib/inventory/read.ts")),
  ...(await import("../../../lib/inventory/plan.ts")),
});

interface Prepared {
  readonly inventory: Awaited<ReturnType<typeof load>>;
  readonly read: Read;
  readonly known: Known;
  readonly plan: Plan;
}

async function prepare({ client, surroundings, note }: Context, name: string): Promise<Prepared> {
  const inventory = await load();
  const reading = inventory.readLabFile(textOf(surroundings.readFile, name));
  if (!reading.ok) {
    for (const problem of reading.problems) note(inventory.problemText(name, problem));
    throw new UsageError(`${name} cannot be imported: nothing was changed`);
  }
  const { read } = reading;
  const known = inventory.knownOf(await inventoryPages(client, read.file.lab));
  const held: Held[] = [];
  for (const claims of inventory.chunks(inventory.claimsToAsk(read.file, known), mostClaims))
    held.push(
      ...(await client.call("postLabsClaims", { id: read.file.lab, body: { claims: [...claims] } })).held,
    );
  return { inventory, read, known, plan: inventory.planOf(read.file, known, held) };
}

function textOf(readFile: (path: string) => string, name: string): string {
  try {
    return readFile(name);
  } catch (error) {
    throw new UsageError(`import: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** None: there is no such lab yet. */
export async function inventoryPages(client: Client, id: string): Promise<readonly unknown[]> {
  const pages: unknown[] = [];
  try {
    for await (const page of client.pages("getLabsInventory", { id })) pages.push(page);
  } catch (error) {
    if (error instanceof ProblemError && error.status === 404) return [];
    throw error;
  }
  return pages;
}

/** What could not be imported, and why. A call that is made twice changes nothing. */
async function apply(
  { client, note, surroundings }: Context,
  id: string,
  { first, releases, nodes }: ReturnType<Prepared["inventory"]["callsOf"]>,
): Promise<readonly string[]> {
  await client.call("postLabsImport", { id, body: first });
  for (const body of releases) await client.call("postLabsImport", { id, body });
  const refused: string[] = [];
  const all = nodes.reduce((sum, part) => sum + part.nodes.length, 0);
  let done = 0;
  const left = nodes.values();
  const work = async (): Promise<void> => {
    for (const body of left) {
      const answer = await client.call("postLabsImport", { id, body });
      refused.push(...answer.refused);
      done += body.nodes.length;
      if (surroundings.isTerminal) note(`${done} of ${all} nodes`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return refused;
}

const summaryOf = (plan: Plan, refused: readonly string[]) => ({
  lab: plan.lab,
  enrolled: plan.added,
  changed: plan.changed.map(({ node }) => node),
  unchanged: plan.unchanged,
  missing: plan.missing,
  refused,
});

function planLines(plan: Plan): readonly string[] {
  const rows = [
    ...plan.settings.map(({ field, from, to }) => ["change", `lab ${plan.lab}`, field, from, to]),
    ...plan.added.map((node) => ["add", `node ${node}`, null, null, null]),
    ...plan.changed.flatMap(({ node, fields }) =>
      fields.map(({ field, from, to }) => ["change", `node ${node}`, field, from, to]),
    ),
    ...plan.moved.map(({ node, what }) => ["move", `node ${node}`, what, null, null]),
  ];
  const count = `${plan.added.length} to enrol, ${plan.changed.length} to change, ${plan.unchanged} as they are`;
  return [
    ...(rows.length === 0 ? [] : table(["DO", "WHAT", "FIELD", "FROM", "TO"], rows)),
    `lab ${plan.lab}${plan.isNew ? " is new" : ""}: ${count}`,
    ...missingLines(plan),
  ];
}

const missingLines = ({ missing }: Plan): readonly string[] =>
  missing.map(
    (node) => `node ${node} is not in the file, and stays as it is: take it offline or retire it yourself`,
  );
