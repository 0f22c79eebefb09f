import type { Issue, Node, TimelineEntry } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { nodeDoing } from "../progress.ts";
import { instantText, spanText, table } from "../text.ts";

const lastEntries = 10;

export const node = command({
  name: "node",
  is: "show a node: its state, its job, what happened to it last, its open issues",
  takes: ["ID"],
  options: {},
  async run({ client, surroundings, show }, given) {
    const id = given.argument(0);
    const found = await client.call("getNodesById", { id });
    // A node's version counts the entries of its timeline.
    const after = Math.max(0, found.version - lastEntries);
    const [{ entries }, { issues }] = await Promise.all([
      client.call("getNodesTimeline", { id, after }),
      client.call("getNodesIssues", { id }),
    ]);
    show({ node: found, entries, issues }, () => [
      ...standing(found, surroundings.now()),
      ...table(["", "", ""], entries.map(entryRow)).slice(1),
      ...issues.filter(({ state }) => state === "open").flatMap(issueLines),
    ]);
    return exits.done;
  },
});

function standing(found: Node, nowMs: number): readonly string[] {
  const { administrative: by, phase, power, job, image, revision, reservation } = found;
  const reason = by.reason === null ? "" : `: ${by.reason}`;
  const held = (atMs: number) => `for ${spanText(nowMs - atMs)}`;
  return table(
    ["", ""],
    [
      ["node", `${found.id}, class ${found.class}, lab ${found.lab}`],
      ["tags", found.tags.join(", ") || null],
      ["state", `${found.state} ${held(found.since)}`],
      ["operator", `${by.state}${reason} (${by.by}, ${held(by.since)})`],
      ["phase", `${phase.name} ${held(phase.since)}`],
      ["power", `${power.observed}, read ${spanText(nowMs - power.at)} ago`],
      ["image", image === null ? null : `${image}, revision ${revision ?? "unknown"}`],
      ["reservation", reservation],
      ["job", job === null ? null : `${job.program} (${job.id})`],
      ["does", nodeDoing(found, nowMs)],
    ],
  ).slice(1);
}

const entryRow = ({ at, from, to, why, evidence }: TimelineEntry): readonly string[] => [
  instantText(at),
  from === to ? to : `${from} → ${to}`,
  `${why}${evidence === null ? "" : ` [${evidence}]`}`,
];

const issueLines = ({ id, blocking, fault, openedAt, evidence }: Issue): readonly string[] => [
  `open issue ${id}${blocking ? ", nobody gets the node" : ""}, since ${instantText(openedAt)}: ${fault.message}`,
  ...evidence.map((line) => `  ${line}`),
];
