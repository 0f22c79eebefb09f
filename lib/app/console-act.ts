/**
 * What operators do to a node by hand. Each is what the API does for it; the console knows no way of its own. The same
 * request again changes nothing.
 */
import { jobSchema } from "../contracts/job.ts";
import type { Operated, OperateRequest } from "../contracts/operate.ts";
import { type WidgetAction, widgetActions } from "../contracts/widget.ts";
import { branded, isReservationId } from "../core/ids.ts";
import { type Actor, jobOf, type NodeState } from "../core/node/node.ts";
import { acceptJob } from "./accept-job.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";
import { closeIssue, giveBack, openIssue } from "./hardware-log.ts";

/** Those that a node's buttons offer. */
export type NodeRequest = Extract<OperateRequest, { readonly action: WidgetAction }>;

export const isNodeRequest = (request: OperateRequest): request is NodeRequest =>
  widgetActions.some((action) => action === request.action);

const did = (text: string): Operated => ({ done: true, text });
const refused = (text: string): Operated => ({ done: false, text });

export async function operateOnNode(app: App, request: NodeRequest): Promise<Operated> {
  const { action, target: id, reason } = request;
  const actor: Actor = { kind: "operator", name: request.actor };
  const node = await app.store.read("node", id);
  if (node === null) return refused(`there is no node ${id}`);
  switch (action) {
    case "look-again":
      return lookAgain(app, request, node, actor);
    case "power-cycle": {
      const job = { schema: jobSchema, kind: "power", change: "cycle", reason } as const;
      const accepted = await acceptJob(app, { ...job, id: jobIdOf(app, request), node: node.id }, actor);
      return accepted.ok ? did(orderOf(node, "is power-cycled")) : refused(accepted.fault.message);
    }
    case "reload":
      return reload(app, request, node, actor);
    case "quarantine": {
      const body = { code: "kept-out-by-operator", message: reason, blocking: true, evidence: [] };
      const opened = await openIssue(app, id, body, actor);
      if (opened === null) return refused(`there is no node ${id}`);
      const before = opened.known ? ", and did before" : "";
      return did(`nobody gets ${id} until it is released; its hardware log says why${before}`);
    }
    case "offline":
      await advanceNode(app, id, { kind: "offline", reason, actor });
      return did(`${id} is offline: what ran on it is being ended, and nobody touches it`);
    case "release":
      return release(app, reason, node, actor);
  }
}

const jobIdOf = (app: App, { request }: NodeRequest) =>
  request ?? branded(isReservationId, app.ids.next("console"));

const because = (actor: Actor, reason: string): Actor => ({
  ...actor,
  name: `${actor.name}: ${reason}`.slice(0, 200),
});

const orderOf = ({ id, provision }: NodeState, what: string): string =>
  provision.state === "available" ? `${id} ${what} now` : `${id} ${what} as soon as it may be touched`;

/** A node that waits for something is looked at by what it waits for; one at rest has its power read. */
async function lookAgain(app: App, request: NodeRequest, node: NodeState, actor: Actor): Promise<Operated> {
  if (jobOf(node) !== null) {
    const advanced = await advanceNode(app, node.id, { kind: "look", actor });
    return did(
      advanced === "changed"
        ? `${node.id} was looked at: its timeline says what came of it`
        : `${node.id} was looked at: it still waits, and its deadline has not come`,
    );
  }
  const job = { schema: jobSchema, kind: "inspect", id: jobIdOf(app, request), node: node.id } as const;
  const accepted = await acceptJob(app, job, because(actor, request.reason));
  return accepted.ok ? did(orderOf(node, "is inspected")) : refused(accepted.fault.message);
}

async function reload(app: App, request: NodeRequest, node: NodeState, actor: Actor): Promise<Operated> {
  const named = request.action === "reload" ? request.image : null;
  const image = named ?? node.disk.taint?.target.image ?? jobOf(node)?.target?.image ?? node.disk.image;
  if (image === null)
    return refused(`nobody knows what ${node.id} had: reload it by the API, which takes an image`);
  const job = { schema: jobSchema, kind: "reload", id: jobIdOf(app, request), node: node.id, image } as const;
  const accepted = await acceptJob(app, job, because(actor, request.reason));
  return accepted.ok ? did(orderOf(node, `is loaded with ${image}`)) : refused(accepted.fault.message);
}

/** Whatever keeps it out: offline, quarantine, maintenance, open issues. What was kept out is checked before it is handed out. */
async function release(app: App, reason: string, node: NodeState, actor: Actor): Promise<Operated> {
  const { id, administrative, provision, openIssues } = node;
  const done: string[] = [];
  if (administrative.state === "offline") {
    await advanceNode(app, id, { kind: "online", reason, actor });
    done.push("is online again");
  }
  if (provision.state === "quarantined" || provision.state === "maintenance") {
    await giveBack(app, id, reason, actor);
    done.push("is checked, and comes back if it is well");
  } else if (openIssues.length > 0) {
    for (const issue of openIssues) await closeIssue(app, id, issue, reason, actor);
    done.push(`has no open issue any more (${openIssues.length} closed)`);
  }
  return done.length === 0
    ? refused(`nothing keeps ${id} out: it is ${provision.state} and online`)
    : did(`${id} ${done.join(", and ")}`);
}
