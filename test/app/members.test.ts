/** The nodes of one reservation are told of each other, whatever is lost on the way. */
import { describe, expect, test } from "vitest";
import type { NodeState } from "../../lib/core/node/node.ts";
import { MemoryLab } from "./lab.ts";

async function knowledge(lab: MemoryLab) {
  const { nodes, members, membersAt } = await lab.reservation("r");
  const own = (await lab.nodes()).filter(({ id }) => nodes.includes(id));
  const told = lab.hands.deliveries
    .flatMap(({ commands }) => commands)
    .flatMap(({ node, actions }) =>
      actions.flatMap((action) =>
        action.verb === "os.run" && action.task === "introduce" ? [{ node, ...action.parameters }] : [],
      ),
    );
  return { own, members, membersAt, told };
}

const introducedAt = ({ provision }: NodeState) =>
  provision.state === "in-use" ? provision.introducedAt : null;

describe("a set of nodes", () => {
  test("is handed over when each of them knows where all of them are", async () => {
    const lab = await new MemoryLab().open(4);
    await lab.reserve("r", 3);
    await lab.until(lab.isIn("r", "reserved"));
    const { own, members, membersAt, told } = await knowledge(lab);
    expect(members.map(({ node }) => node).toSorted()).toEqual(own.map(({ id }) => id).toSorted());
    expect(members.map(({ address }) => address)).toEqual(
      members.map(({ node }) => own.find(({ id }) => id === node)?.address?.value),
    );
    expect(own.map(introducedAt)).toEqual([membersAt, membersAt, membersAt]);
    for (const { id } of own)
      expect(told.find(({ node }) => node === id)).toMatchObject({
        members: members.map(({ node, address }) => `${address} ${node}`).join("\n"),
      });
  });

  test("is so even when every wake is lost, and when the system cannot be told it is handed over all the same", async () => {
    const lab = await new MemoryLab().open(2);
    lab.loseWakes = true;
    await lab.reserve("r", 2, 600);
    await lab.until(lab.isIn("r", "reserved"));
    const { own, membersAt } = await knowledge(lab);
    expect(own.map(introducedAt)).toEqual([membersAt, membersAt]);
  });

  test("of one has nobody to be told of", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.reserve("r", 1);
    await lab.until(lab.isIn("r", "reserved"));
    expect(await knowledge(lab)).toMatchObject({ members: [], membersAt: null, told: [] });
  });

  test("is taken back likewise, also in the middle of being told", async () => {
    const lab = await new MemoryLab().open(2);
    await lab.reserve("r", 2);
    await lab.until(async () => (await knowledge(lab)).told.length > 0);
    await lab.job({ kind: "end", id: "end", reservation: "r" });
    await lab.until(
      async () =>
        (await lab.reservation("r")).endedAt !== null && (await lab.isIn("r", "reclaim")()) === false,
    );
    expect((await lab.nodes()).every(({ provision }) => provision.state === "available")).toBe(true);
  });
});
