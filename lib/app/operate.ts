/** What operators do by hand (lib/contracts/operate.ts). Done twice, each of it is done once. */
import { jobSchema } from "../contracts/job.ts";
import type { Operated, OperateRequest } from "../contracts/operate.ts";
import { branded, isReservationId, type LabId, type NodeId } from "../core/ids.ts";
import type { NodeEvent } from "../core/node/event.ts";
import type { Actor, NodeState } from "../core/node/node.ts";
import type { Page } from "../ports/store.ts";
import { acceptJob } from "./accept-job.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";
import { flightRecord } from "./flight-record.ts";
import { closeIssue, giveBack, openIssue } from "./hardware-log.ts";
import { isTaken } from "./upkeep.ts";

type OnNode = Extract<OperateRequest, { target: NodeId }>;
type OnLab = Extract<OperateRequest, { action: "drain" | "resume" | "restored" }>;

const done = (text: string): Operated => ({ done: true, text });
const refused = (text: string): Operated => ({ done: false, text });

/** `leftMs`: until it has to end. A lab that is too large for that is done in part, which the answer says. */
export async function operate(app: App, request: OperateRequest, leftMs: () => number): Promise<Operated> {
  switch (request.action) {
    case "drain":
    case "resume":
    case "restored":
      return onLab(app, request, leftMs);
    default: {
      const node = await app.store.read("node", request.target);
      return node === null ? refused(`there is no node ${request.target}`) : onNode(app, request, node);
    }
  }
}

const actorOf = ({ actor }: OperateRequest): Actor => ({ kind: "operator", name: actor });

async function onNode(app: App, request: Exclude<OnNode, OnLab>, node: NodeState): Promise<Operated> {
  const { reason, target } = request;
  const actor = actorOf(request);
  const id = request.request ?? branded(isReservationId, app.ids.next("job"));
  const job = { schema: jobSchema, id, node: target } as const;
  switch (request.action) {
    case "look-again": {
      const looked = await advanceNode(app, target, { kind: "look", actor });
      return done(
        `node ${target} was looked at: ${looked === "changed" ? "it has moved on" : "nothing is due"}`,
      );
    }
    case "inspect": {
      if (isKeptOut(node)) return release(app, request, node);
      return accepted(
        app,
        { ...job, kind: "inspect" },
        actor,
        `node ${target} is inspected as soon as it is free`,
      );
    }
    case "power-cycle":
      return accepted(
        app,
        { ...job, kind: "power", change: "cycle", reason },
        actor,
        `node ${target} is power-cycled`,
      );
    case "reload": {
      const image = request.image ?? node.disk.image;
      if (image === null)
        return refused(`it is not known what is on node ${target}: say which image (image)`);
      return accepted(
        app,
        { ...job, kind: "reload", image },
        actor,
        `node ${target} is loaded with ${image} as soon as it is free`,
      );
    }
    case "quarantine": {
      const issue = { code: "set-aside", message: reason, blocking: true, evidence: [] };
      const opened = await openIssue(app, target, issue, actor);
      return opened === null
        ? refused(`there is no node ${target}`)
        : done(`nobody gets node ${target} while issue ${opened.issue.id} is open`);
    }
    case "release":
      return release(app, request, node);
    case "offline":
      await advanceNode(app, target, { kind: "offline", reason, actor });
      return done(`node ${target} is offline: nothing touches it until it is released`);
    case "record": {
      const record = await flightRecord(app, target);
      if (record === null) return refused(`there is no node ${target}`);
      return { ...done(`the flight recorder of node ${target}: ${record.timeline.length} entries`), record };
    }
  }
}

async function accepted(
  app: App,
  job: Parameters<typeof acceptJob>[1],
  actor: Actor,
  text: string,
): Promise<Operated> {
  const outcome = await acceptJob(app, job, actor);
  return outcome.ok ? done(`${text}; job ${job.id}`) : refused(outcome.fault.message);
}

const isKeptOut = ({ provision: { state } }: NodeState): boolean =>
  state === "quarantined" || state === "maintenance";

/** Whatever keeps it from people is undone; what was kept out is checked before anybody gets it. */
async function release(app: App, request: OnNode, node: NodeState): Promise<Operated> {
  const { target, reason } = request;
  const actor = actorOf(request);
  if (isKeptOut(node)) await giveBack(app, target, reason, actor);
  else for (const issue of node.openIssues) await closeIssue(app, target, issue, reason, actor);
  if (node.administrative.state === "offline")
    await advanceNode(app, target, { kind: "online", reason, actor });
  return done(`node ${target} is released${isKeptOut(node) ? ", and checked before anybody gets it" : ""}`);
}

/** What is left of the time when no other node is begun. */
const marginMs = 10_000;
const atOnce = 8;
const nodesPerPage = 100;

/** What has still to be told to the node; nothing: it has been done. */
function eventsFor(request: OnLab, reason: string, node: NodeState): readonly NodeEvent[] {
  const actor = actorOf(request);
  const { administrative, provision, upkeep } = node;
  const isOnline = administrative.state === "online";
  switch (request.action) {
    case "drain": {
      const isOut = provision.state === "maintenance" || provision.state === "retired";
      if (isOut || upkeep !== null) return [];
      const drained = { to: "maintenance", reason, until: null, atEnd: "remind" } as const;
      return [{ kind: "upkeep", upkeep: drained, actor }];
    }
    case "resume":
      return [
        ...(isOnline ? [] : [{ kind: "online", reason, actor } as const]),
        ...(isTaken(node) ? [{ kind: "give-back", reason, actor } as const] : []),
      ];
    case "restored":
      // Once for each restore, which its reason names.
      return isOnline || administrative.reason !== reason ? [{ kind: "restored", reason, actor }] : [];
  }
}

const inWords = { drain: "drained", resume: "back", restored: "offline" } as const;

async function onLab(app: App, request: OnLab, leftMs: () => number): Promise<Operated> {
  const { target: lab, reason } = request;
  if ((await app.store.read("lab", lab)) === null) return refused(`there is no lab ${lab}`);
  const seen = { nodes: 0, changed: 0, left: 0 };
  for await (const nodes of nodesOf(app, lab)) {
    seen.nodes += nodes.length;
    const wanted = nodes
      .map((node) => ({ id: node.id, events: eventsFor(request, reason, node) }))
      .filter(({ events }) => events.length > 0);
    for (let at = 0; at < wanted.length; at += atOnce) {
      const some = wanted.slice(at, at + atOnce);
      if (leftMs() < marginMs) {
        seen.left += some.length;
        continue;
      }
      await Promise.all(
        some.map(async ({ id, events }) => {
          for (const event of events) await advanceNode(app, id, event);
        }),
      );
      await app.outbox.flush();
      seen.changed += some.length;
    }
  }
  const text = `lab ${lab}: ${seen.changed} of ${seen.nodes} nodes are ${inWords[request.action]} now`;
  return seen.left === 0 ? done(text) : refused(`${text}, ${seen.left} are left: run it again`);
}

async function* nodesOf({ store }: App, lab: LabId): AsyncGenerator<readonly NodeState[]> {
  let from: string | null = null;
  do {
    const page: Page<NodeState> = await store.list("node", nodesPerPage, from);
    yield page.items.filter((node) => node.lab === lab);
    from = page.next;
  } while (from !== null);
}
