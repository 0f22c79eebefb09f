/** A node's hardware log, as people write in it (R77): what they report, what they settle, and giving a node back. */
import type { IssueBody } from "../contracts/api.ts";
import { branded, isIssueId } from "../core/ids.ts";
import type { Actor } from "../core/node/node.ts";
import type { HardwareIssue } from "../core/timeline.ts";
import type { Write } from "../ports/store.ts";
import { acceptanceOf } from "./accept-drift.ts";
import { type Advanced, advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";

/** Null: there is no such node. The same trouble reported again while it is open is the same issue. */
export async function openIssue(
  app: App,
  id: string,
  { code, message, blocking, evidence }: IssueBody,
  actor: Actor,
): Promise<{ readonly known: boolean; readonly issue: HardwareIssue } | null> {
  const [node, issues] = await Promise.all([app.store.read("node", id), app.store.issues(id)]);
  if (node === null) return null;
  const open = issues.find((each) => each.state === "open" && each.fault.code === code);
  if (open !== undefined) return { known: true, issue: open };
  const issue: HardwareIssue = {
    id: branded(isIssueId, `${id}.v${node.version}.${code}`),
    node: node.id,
    lab: node.lab,
    version: 1,
    state: "open",
    blocking,
    fault: { class: "node", code, message },
    evidence,
    openedAt: app.clock.now(),
    openedBy: actor,
    closedAt: null,
    closedBecause: null,
  };
  await advanceNode(app, id, { kind: "issue", issue, actor });
  return { known: false, issue };
}

/** Null: there is no such issue. One that is closed already stays as it is. */
export async function closeIssue(
  app: App,
  node: string,
  id: string,
  reason: string,
  actor: Actor,
  ifVersion: number | null = null,
): Promise<HardwareIssue | "other-version" | null> {
  const known = (await app.store.issues(node)).find((each) => each.id === id);
  if (known === undefined) return null;
  if (ifVersion !== null && known.version !== ifVersion) return "other-version";
  if (known.state === "closed") return known;
  const issue = closed(app, known, reason);
  await advanceNode(app, node, { kind: "issue", issue, actor }, { also: await acceptanceOf(app, [known]) });
  return issue;
}

/** What it was opened for is over by itself. */
export async function closeAsSettled(
  app: App,
  issue: HardwareIssue,
  reason: string,
  actor: Actor,
): Promise<void> {
  await advanceNode(app, issue.node, { kind: "issue", issue: closed(app, issue, reason), actor });
}

/** A quarantined node, or one in maintenance, comes back after a check; what was open against it is settled with that. */
export async function giveBack(
  app: App,
  node: string,
  reason: string,
  actor: Actor,
  ifVersion: number | null = null,
): Promise<Advanced> {
  const issues = await app.store.issues(node);
  const settled = issues.filter(({ state, blocking }) => state === "open" && blocking);
  const also = [
    ...settled.map(
      (issue): Write => ({
        kind: "issue",
        value: closed(app, issue, `given back: ${reason}`),
        expect: "any",
      }),
    ),
    ...(await acceptanceOf(app, settled)),
  ];
  return advanceNode(app, node, { kind: "give-back", reason, actor }, { ifVersion, also });
}

const closed = ({ clock }: App, issue: HardwareIssue, reason: string): HardwareIssue => ({
  ...issue,
  version: issue.version + 1,
  state: "closed",
  closedAt: clock.now(),
  closedBecause: reason,
});
