import type { Lab } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { instantText, table } from "../text.ts";

export const labs = command({
  name: "labs",
  is: "list the labs, their controllers, and how their correction stands",
  takes: [],
  options: {},
  async run({ client, show }) {
    const found: Lab[] = [];
    for await (const page of client.pages("getLabs")) found.push(...page.labs);
    show({ labs: found, next: null }, () => table(head, found.map(rowOf)));
    return exits.done;
  },
});

const head = ["LAB", "NODES", "CORRECTION", "TOKENS", "LATE", "SUSPECT", "CONTROLLERS"];

const rowOf = ({ id, nodes, correction, tokens, late, suspect, controllers }: Lab) => [
  id,
  String(nodes),
  correction,
  String(tokens),
  String(late.length),
  suspect === null ? "no" : `since ${instantText(suspect.since)}`,
  controllers.map((each) => `${each.id} ${each.state}`).join(", "),
];
