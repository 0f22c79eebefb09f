/** A node's machine was seen again: what has changed stands in its hardware log, and leaves it when it is as before. */
import type { NodeHardware } from "../contracts/identification.ts";
import { adopted, type Finding, grown } from "../core/identification/drift.ts";
import type { FoundMachine } from "../core/identification/machine.ts";
import { answerTo, type IdentificationSettings, isDriftCode } from "../core/identification/settings.ts";
import type { NodeId } from "../core/ids.ts";
import { type Capacity, capacityOf } from "../core/node/hardware.ts";
import type { Actor, NodeSpec } from "../core/node/node.ts";
import type { Write } from "../ports/store.ts";
import { advanceNode } from "./advance-node.ts";
import { type App, Contended } from "./app.ts";
import { lookupWrites } from "./attach.ts";
import { closeAsSettled, openIssue } from "./hardware-log.ts";

export interface Seen {
  readonly machine: FoundMachine;
  readonly knownVersion: number | null;
  readonly node: NodeId;
  readonly findings: readonly Finding[];
  readonly settings: IdentificationSettings;
  readonly actor: Actor;
}

/** False: changed by others meanwhile. The log is written first: whoever dies in between finds the same again. */
export async function noteSeen(
  app: App,
  { machine, knownVersion, node, findings, settings, actor }: Seen,
): Promise<boolean> {
  const { store } = app;
  const [spec, before] = await Promise.all([
    store.read("node-spec", node),
    store.read("node-hardware", node),
  ]);
  if (spec === null) return false;
  const ignored = findings.filter(({ code }) => answerTo(settings, code) === "ignore");
  const heeded = findings.filter((each) => !ignored.includes(each));
  await logFindings(app, node, heeded, settings, actor);
  const seen = machine.hardware;
  const accepted =
    before === null
      ? seen
      : grown(
          ignored.reduce((hardware, { code }) => adopted(hardware, seen, code), before.accepted),
          seen,
        );
  const value: NodeHardware = {
    node,
    version: (before?.version ?? 0) + 1,
    machine: machine.id,
    accepted,
    seen,
  };
  const writes: readonly Write[] = [
    { kind: "machine", value: machine, expect: knownVersion ?? "absent" },
    { kind: "node-hardware", value, expect: before?.version ?? "absent" },
    ...(await lookupWrites(app, spec, accepted)),
  ];
  return write(app, spec, capacityOf(seen), writes, actor);
}

/** What its people do not say, the allocator learns from the machine. */
async function write(
  app: App,
  spec: NodeSpec,
  capacity: Capacity,
  writes: readonly Write[],
  actor: Actor,
): Promise<boolean> {
  const node = await app.store.read("node", spec.id);
  const isKnown = JSON.stringify(node?.capacity) === JSON.stringify(capacity);
  if (node === null || spec.hardware !== undefined || isKnown)
    return (await app.store.commit(writes)) === "committed";
  const { class: nodeClass, tags, switchPort, biosProfile } = node;
  const fields = ["hardware"];
  const same = { class: nodeClass, tags, switchPort, biosProfile };
  const event = { kind: "settings", ...same, capacity, fields, actor } as const;
  try {
    return (await advanceNode(app, spec.id, event, { also: writes })) === "changed";
  } catch (error) {
    if (error instanceof Contended) return false;
    throw error;
  }
}

/**
 * What is found stands in the hardware log; what whoever looks has written there before, and does not find any more, leaves it.
 * What another way of looking has found is that one's to take back.
 */
export async function logFindings(
  app: App,
  node: NodeId,
  findings: readonly Finding[],
  settings: IdentificationSettings,
  actor: Actor,
): Promise<void> {
  const byCode = Map.groupBy(findings, ({ code }) => code);
  for (const [code, [first, ...others]] of byCode) {
    if (first === undefined) continue;
    const evidence = others.map(({ message }) => message.slice(0, 1000));
    const message = first.message.slice(0, 1000);
    const blocking = answerTo(settings, code) === "block";
    await openIssue(app, node, { code, message, blocking, evidence: evidence.slice(0, 20) }, actor);
  }
  for (const issue of await app.store.issues(node)) {
    const { code } = issue.fault;
    if (
      issue.state === "open" &&
      isDriftCode(code) &&
      issue.openedBy.kind === actor.kind &&
      !byCode.has(code)
    )
      await closeAsSettled(app, issue, "the machine was seen again, and is as it was", actor);
  }
}
