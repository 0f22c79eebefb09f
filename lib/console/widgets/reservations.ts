/** Who has nodes, and who waits for them. */
import type { Reservation } from "../../core/reservation/reservation.ts";
import { spanText } from "../../core/time.ts";
import { html, type Markup } from "../html.ts";
import { type Frame, framed, timeText } from "./frame.ts";

export interface ReservationsShown {
  readonly live: readonly Reservation[];
  readonly more: boolean;
  readonly places: ReadonlyMap<string, number>;
}

/** A reservation's states, by the colours of the node states that they are like. */
const likeNode: Readonly<Record<Reservation["state"], string>> = {
  new: "enrolled",
  loading: "loading",
  reserved: "reserved",
  "in-use": "in-use",
  reclaim: "reclaiming",
  complete: "available",
  failed: "quarantined",
};

export function reservationsWidget(frame: Frame, { live, more, places }: ReservationsShown): string {
  if (live.length === 0)
    return framed(frame, html`<p>Nobody has a reservation now, and nobody waits for one.</p>`);
  const waiting = live
    .filter(({ state }) => state === "new")
    .toSorted((a, b) => (places.get(a.id) ?? Infinity) - (places.get(b.id) ?? Infinity));
  const served = live.filter(({ state }) => state !== "new").toSorted((a, b) => a.end - b.end);
  return framed(
    frame,
    html`<p><b>${served.length}</b> have nodes, <b>${waiting.length}</b> wait${more ? html`<span class="soft">; there are more</span>` : null}</p>`,
    waiting.length === 0 ? null : table(frame, "In line", "Place", waiting, (each) => placeOf(each, places)),
    served.length === 0 ? null : table(frame, "Being served", "State", served, stateOf),
  );
}

const placeOf = ({ id, class: nodeClass }: Reservation, places: ReadonlyMap<string, number>): Markup => {
  const place = places.get(id);
  return html`${place === undefined ? "booked" : `${place}.`} <span class="soft small">${nodeClass}</span>`;
};

const stateOf = ({ state }: Reservation): Markup =>
  html`<span class="state s-${likeNode[state]}"><span class="dot"></span>${state}</span>`;

const table = (
  { now }: Frame,
  title: string,
  first: string,
  rows: readonly Reservation[],
  cellOf: (each: Reservation) => Markup,
): Markup =>
  html`<h3>${title}</h3><table><thead><tr><th scope="col">${first}</th><th scope="col">Reservation</th><th scope="col">Nodes</th><th scope="col">When</th></tr></thead><tbody>${rows.map(
    (each) =>
      html`<tr><td>${cellOf(each)}</td><td><span class="name">${each.id}</span><div class="soft small">${each.owner}${each.project === null ? "" : `, ${each.project}`} · ${each.image}</div></td><td>${nodesOf(each)}</td><td title="${timeText(each.start)} to ${timeText(each.end)} UTC">${whenOf(each, now)}</td></tr>`,
  )}</tbody></table>`;

const shownNodes = 4;

function nodesOf({ nodes, placed, count }: Reservation): Markup {
  const named = nodes.length > 0 ? nodes : placed;
  const list = named.slice(0, shownNodes).join(", ");
  return html`${nodes.length} of ${count}<div class="soft small">${nodes.length === 0 && placed.length > 0 ? "promised: " : ""}${list}${named.length > shownNodes ? ` and ${named.length - shownNodes} more` : ""}</div>`;
}

function whenOf({ state, start, end, readyBy, cause }: Reservation, now: number): string {
  if (state === "new") return start > now ? `in ${spanText(start - now)}` : "as soon as there are nodes";
  if (state === "loading") return `ready within ${spanText(Math.max(0, readyBy - now))}`;
  if (state === "reclaim") return cause?.message ?? "being taken back";
  return end > now ? `ends in ${spanText(end - now)}` : "ends now";
}
