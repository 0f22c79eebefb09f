/**
 * What an agent tells. It is believed only from a controller of the node's lab (design §5): SQS says who sent it, the
 * message itself cannot.
 */

import type { Found } from "../contracts/found.ts";
import type { Report, Reports } from "../contracts/report.ts";
import type { Beacon, CommandResult } from "../core/command.ts";
import { heard } from "../core/hands.ts";
import type { ControllerId, JournalId, LabId, NodeId } from "../core/ids.ts";
import { type Actor, jobOf, type NodeState } from "../core/node/node.ts";
import type { Instant } from "../core/time.ts";
import { advanceNode } from "./advance-node.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { handsPolicy } from "./dispatch.ts";
import { heedBmcFacts } from "./heed-bmc.ts";
import { heedFound } from "./identify.ts";
import { keepConsole, onlyReadConsole } from "./serial-console.ts";

export type Ingested = { readonly refused: readonly string[] };

/** `sender` is SQS's SenderId: `AROA…:mi-…` for a hybrid-activated machine. */
export async function ingestReports(
  app: App,
  { controller, journal, reports }: Reports,
  sender: string,
): Promise<Ingested> {
  if (!sender.endsWith(`:${controller}`)) {
    return { refused: [`sender ${sender} is not lab controller ${controller}, in whose name it reports`] };
  }
  const refused: string[] = [];
  for (const { earlier, report } of together(reports)) {
    const reason = await take(app, report, earlier, controller, journal);
    if (reason !== null) refused.push(reason);
  }
  return { refused };
}

interface Told {
  readonly report: Report;
  /** Beacons of the same node that came just before it: one look takes them all in. */
  readonly earlier: readonly Beacon[];
}

/** Beacons that follow each other in a message and are of one node are one. */
function together(reports: readonly Report[]): readonly Told[] {
  const told: Told[] = [];
  for (const report of reports) {
    const last = told.at(-1);
    if (
      last?.report.kind === "beacon" &&
      report.kind === "beacon" &&
      last.report.beacon.node === report.beacon.node &&
      last.report.beacon.progress === undefined &&
      report.beacon.progress === undefined
    ) {
      told[told.length - 1] = { report, earlier: [...last.earlier, last.report.beacon] };
    } else told.push({ report, earlier: [] });
  }
  return told;
}

function take(
  app: App,
  report: Report,
  earlier: readonly Beacon[],
  controller: ControllerId,
  journal: JournalId,
): Promise<string | null> {
  switch (report.kind) {
    case "alive":
      return heardOf(app, report.lab, controller, journal);
    case "found":
      return ingestFound(app, report.found, controller);
    default:
      return ingest(app, report, earlier, controller);
  }
}

/** A machine is believed only to be in a lab of the controller that tells of it. */
async function ingestFound(app: App, found: Found, controller: ControllerId): Promise<string | null> {
  const lab = await app.store.read("lab", found.lab);
  if (lab?.controllers.includes(controller) !== true)
    return `${controller} is not a controller of lab ${found.lab}, where it found machine ${found.mac}`;
  return heedFound(app, lab, found, { kind: "agent", name: controller });
}

/** Takes down which journal speaks for a controller: from then on commands name it (lib/core/hands.ts). */
async function heardOf(app: App, labId: LabId, id: ControllerId, journal: JournalId): Promise<string | null> {
  const { store, clock } = app;
  const lab = await store.read("lab", labId);
  // It may report in before its lab is imported.
  if (lab !== null && !lab.controllers.includes(id))
    return `${id} is not a controller of lab ${labId}, for which it reports in: import the lab file that names it`;
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await store.read("controller", id);
    const value = heard(known, { id, journal, now: clock.now() }, handsPolicy(app));
    if (value === null) return null;
    const expect = known === null ? "absent" : known.version;
    if ((await store.commit([{ kind: "controller", value, expect }])) === "committed") return null;
  }
  throw new Contended(`lab controller ${id} was changed by others ${decideAgainAtMost} times in a row`);
}

type AboutNode = Extract<Report, { kind: "command" | "beacon" | "console" }>;

async function ingest(
  app: App,
  report: AboutNode,
  earlier: readonly Beacon[],
  controller: ControllerId,
): Promise<string | null> {
  const name = nodeOf(report);
  const node = await app.store.read("node", name);
  if (node === null) return `report about unknown node ${name}`;
  const lab = await app.store.read("lab", node.lab);
  if (lab?.controllers.includes(controller) !== true) {
    return `${controller} is not a controller of lab ${node.lab} and cannot speak for node ${name}`;
  }
  switch (report.kind) {
    case "command": {
      const actor: Actor = { kind: "agent", name: controller };
      await keepConsole(app, report.result);
      if (onlyReadConsole(report.result)) return null;
      const told = report.result.results.findLast(({ observed }) => observed?.machine !== undefined);
      // Before the node is anybody's again.
      if (told?.observed?.machine !== undefined && isInspected(node, report.result))
        await heedBmcFacts(app, lab, node, told.observed.machine);
      await advanceNode(app, name, { kind: "command", result: report.result, actor }, { seen: node });
      return null;
    }
    case "beacon": {
      const { beacon } = report;
      if (beacon.progress !== undefined && beacon.boot !== null) {
        const { installation, boot } = beacon;
        // The newest word wins; a late one only shows an older figure until the next comes.
        const value = { node: name, installation, boot, ...beacon.progress, at: app.clock.now() };
        await app.store.commit([{ kind: "progress", value, expect: "any" }]);
      }
      if (isOnlyProgress(node, beacon, app.clock.now())) return null;
      const event = { kind: "beacon", earlier, beacon, actor: { kind: "node", name } } as const;
      await advanceNode(app, name, event, { seen: node });
      return null;
    }
    case "console": {
      const { sighting } = report;
      await advanceNode(
        app,
        name,
        { kind: "console", sighting, actor: { kind: "node", name } },
        { seen: node },
      );
      return null;
    }
  }
}

/** The nodes that a message tells of, and that will be looked at: bytes written are put down, and that is that. */
export const nodesIn = ({ reports }: Reports): readonly NodeId[] =>
  reports.flatMap((report) => {
    if (report.kind === "alive" || report.kind === "found") return [];
    return report.kind === "beacon" && report.beacon.progress !== undefined ? [] : [nodeOf(report)];
  });

/** Only an inspection is held against what was before: of whatever else is under way nobody asks that. */
const isInspected = (node: NodeState, { command }: CommandResult): boolean => {
  const job = jobOf(node);
  return job?.program === "inspect" && job.command?.id === command;
};

function nodeOf(report: AboutNode): NodeId {
  switch (report.kind) {
    case "command":
      return report.result.node;
    case "beacon":
      return report.beacon.node;
    case "console":
      return report.sighting.node;
  }
}

/**
 * The write goes on, and nobody has to decide anything: the node's clock takes the progress into account when it would run
 * out. There are hundreds of these in a load, so that a look at the node for each would cost more than all the rest.
 */
function isOnlyProgress({ operation, due }: NodeState, beacon: Beacon, now: Instant): boolean {
  const { node: _, progress, at: __, ...rest } = beacon;
  const { phase, boot, installation } = operation;
  const news = Object.entries(rest).filter(([name, value]) => {
    const known: Readonly<Record<string, unknown>> = { phase, boot, installation };
    return known[name] !== value;
  });
  return progress !== undefined && news.length === 0 && due !== null && due > now;
}
