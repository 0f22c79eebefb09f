/** A reservation as others see it, on a living stack: by the events on the bus, and by long poll. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { type Event, event } from "../../lib/contracts/events.ts";
import type { ProgressView, ReservationView } from "../../lib/contracts/reservation-views.ts";
import { isTold } from "../../lib/contracts/told.ts";
import type { TimelineEntry } from "../../lib/core/timeline.ts";
import { eventually } from "../support/stack.ts";
import { type Place, usePlaces } from "./main-job.ts";

const place = usePlaces();
const patience = 120_000;

const line = z.looseObject({ source: z.literal("rackwright"), "detail-type": z.string(), detail: event });

function eventsOf({ data }: Place): readonly Event[] {
  const file = join(data, "events.jsonl");
  if (!existsSync(file)) return [];
  const whole = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return whole.map((text) => line.parse(JSON.parse(text)).detail);
}

const entriesOf = async (here: Place, kind: "reservation" | "node", id: string) =>
  (await here.get<{ entries: TimelineEntry[] }>(`/v1/${kind}s/${id}/timeline`)).entries;

/** As a portal does: once it is handed over it is ended, and followed to its end. */
async function follow(here: Place, id: string): Promise<ProgressView[]> {
  const views: ProgressView[] = [];
  for (let after = 0; ; ) {
    const view = await here.get<ProgressView>(
      `/v1/reservations/${id}/progress?after=${after}&waitSeconds=20`,
    );
    views.push(view);
    if (view.state === "complete" || view.state === "failed") return views;
    if (view.state === "reserved" && views.at(-2)?.state !== "reserved") {
      const body = JSON.stringify({ reason: "seen enough" });
      await here.ask(`/v1/reservations/${id}/end`, { method: "POST", body });
    }
    after = view.after;
  }
}

const changes = (states: readonly string[]): string[] =>
  states.filter((state, index) => state !== states[index - 1]);

test("a reservation is followed by long poll to its end, and every entry of its story that is told is an event, none is missing", {
  timeout: patience,
}, async () => {
  const here = place();
  const run = await here.start("--count", "2");
  const first = await run.until(({ event: kind, to }) => kind === "reservation" && to === "new");
  const id = first.reservation ?? "";
  const views = await follow(here, id);
  const { nodes } = await here.get<ReservationView>(`/v1/reservations/${id}`);
  const story = await entriesOf(here, "reservation", id);
  // Whoever is slow may miss what lasts a moment, but sees nothing that was not, and nothing in another order.
  const states = changes(views.map(({ state }) => state));
  expect(states).toEqual(changes(story.map(({ to }) => to).filter((state) => states.includes(state))));
  expect(states).toContain("reserved");
  expect(states.at(-1)).toBe("complete");
  for (const { nodes: held } of views)
    for (const each of held) if (each.step !== null) expect(each.until).toBeGreaterThan(0);

  expect(nodes).toHaveLength(2);
  const stories = await Promise.all(nodes.map((node) => entriesOf(here, "node", node.id)));
  const ids = [
    ...story.map(({ sequence }) => `reservation/${id}#${sequence}`),
    ...nodes.flatMap((node, index) =>
      (stories[index] ?? []).filter(isTold).map(({ sequence }) => `node/${node.id}#${sequence}`),
    ),
  ];
  const heard = () => new Set(eventsOf(here).map((each) => each.id));
  await eventually(() => ids.every((each) => heard().has(each)), "every entry being an event", patience);
  // How far a load has come is no event (docs/events.md).
  expect(stories.flat().some((entry) => !isTold(entry))).toBe(true);

  const own = eventsOf(here).filter((each) => each.id.startsWith(`reservation/${id}#`));
  expect(own.map(({ sequence, why }) => ({ sequence, why }))).toEqual(
    story.map(({ sequence, why }) => ({ sequence, why })),
  );
  const types = own.map(({ type }) => type);
  for (const type of ["reservation.new", "reservation.reserved", "reservation.complete"])
    expect(types).toContain(type);
  expect(eventsOf(here).find(({ type }) => type === "image.registered")).toMatchObject({ image: "demo" });
  const wrong = await here.ask(`/v1/reservations/${id}/progress?waitSeconds=21`);
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain("waitSeconds");
});
