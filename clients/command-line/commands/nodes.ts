import type { Node } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { nodeDoing } from "../progress.ts";
import { table } from "../text.ts";

export const nodes = command({
  name: "nodes",
  is: "list the nodes",
  takes: [],
  options: {},
  async run({ client, show }) {
    const found: Node[] = [];
    for await (const page of client.pages("getNodes")) found.push(...page.nodes);
    show({ nodes: found, next: null }, () => table(head, found.map(rowOf)));
    return exits.done;
  },
});

const head = ["NODE", "LAB", "CLASS", "STATE", "MODE", "PHASE", "POWER", "IMAGE", "RESERVATION", "DOES"];

const rowOf = (node: Node): readonly (string | null)[] => [
  node.id,
  node.lab,
  node.class,
  node.state,
  node.administrative.state,
  node.phase.name,
  node.power.observed,
  node.image,
  node.reservation,
  nodeDoing(node, null),
];
