/**
 * The status page: what an operator of a lab wants to see at one glance. One self-contained page. Its script draws the views
 * that stand in it as JSON, and fetches the same views from the API every second; without a script it is plain tables.
 */
import type { ReservationView } from "../contracts/reservation-views.ts";
import type { NodeView } from "../contracts/views.ts";
import { spanText } from "../core/time.ts";
import { script } from "./status-script.ts";
import { style } from "./status-style.ts";

export interface StatusViews {
  /** Milliseconds since 1970, on the server's clock: every age on the page is told by it. */
  readonly now: number;
  /** Where the page gets a token for its questions; null: whoever serves it sees to that. */
  readonly tokenPath: string | null;
  readonly nodes: readonly NodeView[];
  readonly reservations: readonly ReservationView[];
}

/** Whatever finds its way into the page, it loads nothing from elsewhere and sends nothing there. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

/** A complete HTML document. No text of the views can become markup in it, with or without its script. */
export function statusPage(views: StatusViews): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<link rel="icon" href="data:,">
<title>Rackwright</title>
<style>${style}</style>
</head>
<body>
<header><h1>Rackwright</h1><div id="live"></div></header>
<main>
<noscript>${tables(views)}</noscript>
<div id="counts"></div>
<section id="attention" aria-label="What needs attention"></section>
<div id="racks"></div>
<section aria-label="Reservations"><h2>Reservations</h2><div id="reservations"></div></section>
</main>
<aside id="story" aria-label="A node and its timeline" hidden></aside>
<script type="application/json" id="views">${embedded(views)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON that cannot end its script element, whatever a name holds. */
const embedded = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? "");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  return `<table>\n${[line("th", head), ...rows.map((row) => line("td", row))].join("\n")}\n</table>`;
}

function tables({ now, nodes, reservations }: StatusViews): string {
  const age = (since: number) => spanText(Math.max(0, now - since));
  const counts = Object.entries(Object.groupBy(nodes, ({ state }) => state)).map(
    ([state, members]) => `${members?.length ?? 0} ${state}`,
  );
  return [
    `<p>${escaped(counts.join(", "))}</p>`,
    table(
      ["node", "state", "phase", "job", "reservation", "needs"],
      nodes.map((node) => [
        node.id,
        `${node.state} for ${age(node.since)}${node.administrative.state === "offline" ? ", offline" : ""}`,
        `${node.phase.name} for ${age(node.phase.since)}`,
        jobText(node.job, now),
        node.reservation ?? "",
        node.fault ?? node.administrative.reason ?? "",
      ]),
    ),
    table(
      ["reservation", "owner", "state", "nodes", "how to connect", "cause"],
      reservations.map(({ id, owner, state, nodes: held, connections, cause }) => [
        id,
        owner,
        state,
        held.map((node) => node.id).join(", "),
        connections.map(({ node, user, address }) => `${node}: ${user}@${address}`).join(", "),
        cause?.message ?? "",
      ]),
    ),
  ].join("\n");
}

function jobText(job: NodeView["job"], now: number): string {
  if (job === null) return "";
  const limit = job.until < now ? "overdue" : `at most ${spanText(job.until - now)} more`;
  return `${job.step}, attempt ${job.attempt}, awaits ${job.awaits}, ${limit}`;
}
