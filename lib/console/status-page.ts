/**
 * The status page: what an operator of a lab wants to see at one glance. One self-contained page; a small script fetches
 * the same views from the API every second and draws them anew. Text reaches the page as text only, never as markup.
 */
import type { NodeView, ReservationView } from "../contracts/api.ts";
import { script } from "./status-script.ts";
import { style } from "./status-style.ts";

export interface StatusViews {
  readonly now: number;
  readonly nodes: readonly NodeView[];
  readonly reservations: readonly ReservationView[];
}

export function statusPage(views: StatusViews): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rackwright</title>
<style>${style}</style>
</head>
<body>
<header><h1>Rackwright</h1><p id="counts"></p></header>
<main>
<section><h2>Nodes</h2><div id="nodes" class="grid"></div></section>
<section><h2>Reservations</h2><div id="reservations"></div></section>
<section id="story" hidden><h2></h2><ol></ol></section>
<noscript>${plainTable(views)}</noscript>
</main>
<script type="application/json" id="views">${embedded(views)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON that cannot end its script element, whatever a name holds. */
export const embedded = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Complete without the script, too. */
function plainTable({ nodes }: StatusViews): string {
  const rows = nodes.map(({ id, state, phase, job, fault, reservation }) =>
    [id, state, phase.name, reservation ?? "", fault ?? job?.awaits ?? ""]
      .map((cell) => `<td>${escaped(cell)}</td>`)
      .join(""),
  );
  return `<table><tr><th>node<th>state<th>phase<th>reservation<th>awaits</tr>${rows.map((row) => `<tr>${row}</tr>`).join("")}</table>`;
}
