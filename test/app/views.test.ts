/** What people see of a lab and of a node that is being taken offline. */
import { expect, test } from "vitest";
import { advanceNode } from "../../lib/app/advance-node.ts";
import { viewLab, viewNode, viewProposals, viewReservation } from "../../lib/app/views.ts";
import { watchLabs } from "../../lib/app/watch.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { after } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "./lab.ts";

test("a lab tells who can be reached, who is late, and whether it is suspect itself", async () => {
  const lab = await new MemoryLab().open(8);
  expect(await viewLab(lab.store, "blue")).toEqual({
    id: "blue",
    nodes: 8,
    correction: "act",
    controllers: [{ id: controller, state: "reachable" }],
    late: [],
    tokens: 20,
    suspect: null,
  });
  expect(await viewLab(lab.store, "green")).toBeNull();
  lab.hands.away.add(controller);
  await watchLabs(lab.app);
  expect((await viewLab(lab.store, "blue"))?.controllers).toEqual([{ id: controller, state: "silent" }]);
  lab.hands.away.delete(controller);
  await watchLabs(lab.app);
  await lab.reserve("r", 8, 24 * 60);
  await lab.until(async () => (await lab.nodes()).every((node) => jobOf(node)?.step === "wait-for-os"));
  for (const { id } of await lab.nodes()) lab.hang(id);
  await lab.until(async () => (await viewLab(lab.store, "blue"))?.suspect !== null);
  const view = await viewLab(lab.store, "blue");
  expect(view?.late.length).toBeGreaterThanOrEqual(5);
  expect(view?.suspect?.allowance).toBe(1);
});

test("R68: a node that goes offline tells who, why, since when, and when no hand is on it any more", async () => {
  const lab = await new MemoryLab().open(1);
  await lab.reserve("r", 1);
  await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "network-boot"));
  const actor = { kind: "operator", name: "ada" } as const;
  await advanceNode(lab.app, "node-01", { kind: "offline", reason: "smoke", actor });
  const going = await viewNode(lab.store, "node-01");
  expect(going?.administrative).toMatchObject({
    state: "offline",
    reason: "smoke",
    by: "operator ada",
    handsOffAt: null,
  });
  await lab.app.outbox.flush();
  await lab.until(async () => (await viewNode(lab.store, "node-01"))?.administrative.handsOffAt !== null);
  const story = await lab.store.timeline({ kind: "node", id: "node-01" }, 0, 100);
  expect(story.at(-1)?.why).toContain("no hand is on it");
});

test("who waits for nodes knows his place in the line, and when it is his turn", async () => {
  const lab = await new MemoryLab().open(1);
  for (const id of ["first", "second", "third"]) {
    await lab.reserve(id, 1, 60);
    lab.now = after(lab.now, 1000);
  }
  await lab.until(async () => (await lab.reservation("third")).placed.length > 0);
  const views = await Promise.all(
    ["first", "second", "third"].map(async (id) => viewReservation(lab.app, await lab.reservation(id))),
  );
  expect(views.map(({ position }) => position)).toEqual([null, 1, 2]);
  const [first, second, third] = views.map(({ start }) => start);
  expect(second).toBeGreaterThan(first ?? 0);
  expect(third).toBeGreaterThan(second ?? 0);
});

test("a lab that only observes has a report of what correction would have done, node by node", async () => {
  const lab = await new MemoryLab().open(2);
  const stored = await lab.store.read("lab", "blue");
  if (stored === null) throw new Error("there is no lab");
  const observing = { ...stored, version: stored.version + 1, correction: "observe" } as const;
  await lab.store.commit([{ kind: "lab", value: observing, expect: stored.version }]);
  await lab.reserve("r", 1);
  await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "wait-for-os"));
  const [node] = (await lab.nodes()).filter((each) => jobOf(each) !== null);
  lab.hang(node?.id ?? "");
  const proposals = async () => (await viewProposals(lab.store, "blue", 50, null))?.proposals ?? [];
  await lab.until(async () => (await proposals()).length > 0);
  expect(await proposals()).toMatchObject([{ node: node?.id, would: "reset", outcome: "still late" }]);
  expect(await viewProposals(lab.store, "green", 50, null)).toBeNull();
});

test("R30: a lease that changes while its user has the node is shown to him, and the certificate of what he got with it", async () => {
  const lab = await new MemoryLab().open(1);
  await lab.reserve("r", 1);
  await lab.until(lab.isIn("r", "reserved"));
  const shown = async () => viewReservation(lab.app, await lab.reservation("r"));
  expect((await shown()).connections).toMatchObject([{ node: "node-01", address: "10.0.0.01" }]);
  const [node] = await lab.nodes();
  const actor = { kind: "node", name: "node-01" } as const;
  if (node?.disk.installation == null) throw new Error("nothing is installed");
  const { installation } = node.disk;
  const about = { node: node.id, boot: null, installation, at: lab.now, osBoot: "node-01.1" };
  const beacon = { ...about, phase: "run", address: "10.0.0.77" } as const;
  await advanceNode(lab.app, node.id, { kind: "beacon", beacon, actor });
  const { connections, nodes } = await shown();
  expect(connections).toMatchObject([{ address: "10.0.0.77" }]);
  expect(nodes[0]?.certificate).toMatchObject({ how: "written", revision: "demo:abababababab", controller });
});
