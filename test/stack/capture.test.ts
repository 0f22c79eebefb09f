/** An image is made of a node that somebody has changed, and another node has the change: real processes, real bytes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { newKeyPair } from "../../lib/drivers/os/ssh.ts";
import { ssh } from "../metal/support.ts";
import { eventually } from "../support/stack.ts";
import { Place } from "./main-job.ts";

const here = new Place();
const patience = 180_000;
const pair = newKeyPair("ada");
const keyFile = join(here.data, "ada-key");

beforeAll(async () => {
  mkdirSync(here.data, { recursive: true });
  writeFileSync(keyFile, pair.private, { mode: 0o600 });
  const run = await here.start("--count", "1");
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
}, patience);
afterAll(() => here.clean(), patience);

const asAda = (path: string, body?: unknown) =>
  here.ask(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }, "ada", []);
const operate = (path: string, body: unknown) =>
  here.ask(path, { method: "POST", body: JSON.stringify(body) });
const view = async (id: string): Promise<ReservationView> =>
  JSON.parse(await (await asAda(`/v1/reservations/${id}`)).text());

/** The only node of a new reservation, handed over. */
async function reserve(id: string, image: string, prefer: readonly string[] = []) {
  const body = { id, image, publicKey: pair.public, prefer };
  const answer = await asAda("/v1/reservations", body);
  expect(answer.status, await answer.text()).toBe(201);
  await eventually(
    async () => {
      const { state, cause } = await view(id);
      if (state === "failed") throw new Error(`${id}: ${cause?.message}`);
      return state === "reserved";
    },
    `reservation ${id}`,
    patience,
  );
  const [connection] = (await view(id)).connections;
  if (connection === undefined) throw new Error(`${id} has no connection`);
  return connection;
}

const run = (address: string, command: string): Promise<string> => ssh(address, "student", keyFile, command);

interface Revision {
  readonly revision: string;
  readonly content: { readonly sha256: string };
  readonly captured?: { readonly node: string; readonly comment: string };
  readonly tried?: { readonly node: string };
}
const revisionsOf = async (image: string): Promise<readonly Revision[]> =>
  (await here.get<{ revisions: Revision[] }>(`/v1/images/${image}`)).revisions;

async function capturedAs(image: string): Promise<Revision> {
  await eventually(
    async () => (await here.ask(`/v1/images/${image}`)).status === 200,
    `an image of ${image}`,
    patience,
  );
  const found = (await revisionsOf(image)).find(({ captured }) => captured !== undefined);
  if (found === undefined) throw new Error(`${image} has no captured revision`);
  return found;
}

describe("an image of a node", () => {
  test("holds what its user has changed: another node that is loaded with it has the change (R22)", {
    timeout: patience,
  }, async () => {
    const { node, address } = await reserve("work", "demo");
    await run(address, "echo compiled for hours > result.txt");
    const asked = await asAda("/v1/reservations/work/capture", { image: "course", comment: "compiled" });
    expect(asked.status).toBe(202);
    expect(await asked.json()).toMatchObject({ kind: "capture", node, state: "accepted" });
    const revision = await capturedAs("course");
    expect(revision.captured).toMatchObject({ node, comment: "compiled" });

    // Its user goes on working, with the same key.
    await eventually(async () => (await view("work")).connections.length === 1, "its user's node", patience);
    const [again] = (await view("work")).connections;
    expect(await run(again?.address ?? "", "cat result.txt")).toBe("compiled for hours\n");

    // Nobody gets it before another node came up with it.
    expect((await asAda("/v1/reservations", { image: "course" })).status).toBe(409);
    const early = await operate("/v1/images/course/production", { revision: revision.revision });
    expect(early.status).toBe(409);
    const trial = await operate("/v1/images/course/try", { revision: revision.revision });
    expect(trial.status, await trial.clone().text()).toBe(202);
    await eventually(
      async () =>
        (await revisionsOf("course")).some(({ tried }) => tried !== undefined && tried.node !== node),
      "its trial",
      patience,
    );
    expect((await operate("/v1/images/course/production", { revision: revision.revision })).status).toBe(200);

    const elsewhere = await reserve("elsewhere", "course");
    expect(elsewhere.node).not.toBe(node);
    expect(await run(elsewhere.address, "cat result.txt")).toBe("compiled for hours\n");
    expect(await run(elsewhere.address, "cat /etc/rackwright/revision")).toBe(`${revision.revision}\n`);
    await asAda("/v1/reservations/elsewhere/end", { reason: "seen" });
    expect((await revisionsOf("demo")).every(({ captured }) => captured === undefined)).toBe(true);
  });

  test("is made at the end of a reservation, before its node is taken back: no work is lost", {
    timeout: patience,
  }, async () => {
    const [mine] = (await view("work")).connections;
    await run(mine?.address ?? "", "echo the last lines > result.txt");
    const capture = { image: "last", comment: "at the end" };
    expect((await asAda("/v1/reservations/work/end", { reason: "done", capture })).status).toBe(202);
    await eventually(async () => (await view("work")).state === "complete", "its end", patience);
    const revision = await capturedAs("last");
    const nodes = await here.get<{ nodes: NodeView[] }>("/v1/nodes");
    expect(nodes.nodes.some(({ id, state }) => id === revision.captured?.node && state === "available")).toBe(
      true,
    );
    const anyway = { revision: revision.revision, untried: "a test" };
    expect((await operate("/v1/images/last/production", anyway)).status).toBe(200);
    const { address: next } = await reserve("next", "last");
    expect(await run(next, "cat result.txt")).toBe("the last lines\n");
  });

  test("is made of nothing that was not handed over", async () => {
    const over = await asAda("/v1/reservations/work/capture", { comment: "too late" });
    expect(over.status).toBe(409);
    expect(await over.text()).toContain("not handed over");
  });
});
