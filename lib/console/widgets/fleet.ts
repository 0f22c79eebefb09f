/** The fleet by lab and rack: each node a cell. Some hundreds are tiles that open a node's story; thousands are a map. */
import type { FleetNode } from "../../contracts/fleet.ts";
import { asIs, html, type Markup } from "../html.ts";
import { stateNames } from "../status-style.ts";
import { button, type Frame, framed, nodeButton } from "./frame.ts";

/** Beyond this a cell is too small for its name, and a button for each would make the answer too long. */
const mostTiles = 600;
/** Up to here a tile has room for what its node is doing. */
const mostRoomyTiles = 80;

const style = `
.rw .legend{gap:4px 16px;font-size:13px;color:var(--soft)}.rw .legend b{color:var(--ink)}
.rw .rack{margin:0 0 10px}.rw .rack figcaption{font-size:12px;color:var(--soft);margin-bottom:4px}
.rw .racks{display:flex;flex-wrap:wrap;gap:4px 22px;align-items:flex-start}.rw figure{margin:0}
.rw .tiles{display:flex;flex-wrap:wrap;gap:5px}
.rw button.tile{display:flex;flex-direction:column;align-items:flex-start;text-align:left;width:98px;padding:3px 8px;border:1px solid var(--line);border-left:4px solid var(--c);border-radius:6px;background:var(--ground);line-height:1.3;font-size:12px;overflow:hidden}
.rw button.tile:hover{border-color:var(--c)}
.rw button.tile span{display:block;max-width:100%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate}
.rw .rack:has(.roomy){flex:1 1 100%}.rw .roomy{display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr))}
.rw .roomy button.tile{width:auto;padding:7px 11px;font-size:13px}
.rw button.tile .phase{color:var(--c)}.rw button.tile .who{color:var(--soft)}
.rw button.tile.off{border-style:dashed;border-left-style:double;background:transparent}
.rw button.tile.isLate{box-shadow:0 0 0 2px var(--in-use)}
.rw button.tile.ill{box-shadow:0 0 0 2px var(--quarantined)}
.rw svg{display:block}.rw rect{fill:var(--c)}.rw rect.o{fill:transparent;stroke:var(--c);stroke-width:1.5}
.rw rect.l{stroke:var(--ink);stroke-width:2}
`;

export interface FleetShown {
  readonly nodes: readonly FleetNode[];
  readonly more: boolean;
}

export function fleetWidget(frame: Frame, { nodes, more }: FleetShown): string {
  if (nodes.length === 0)
    return framed(
      frame,
      html`<p>No node is enrolled yet. <span class="soft">Import a lab: docs/lab-file.md</span></p>`,
    );
  const draw = nodes.length > mostTiles ? mapOf : tilesOf;
  const roomy = nodes.length <= mostRoomyTiles;
  const labs = grouped(nodes, ({ lab }) => lab);
  return framed(
    frame,
    html`<style>${asIs(style)}</style>`,
    legend(nodes, more),
    nodes.length > mostTiles ? finder(frame) : null,
    html`${labs.map(
      ([lab, members]) =>
        html`<section aria-label="Lab ${lab}"><h3>${lab} <span class="small">· ${members.length} nodes</span></h3><div class="racks">${racksOf(
          members,
        ).map(
          ([rack, inRack]) =>
            html`<figure class="rack">${rack === null ? null : html`<figcaption>${rack}</figcaption>`}${draw(frame, inRack, roomy, rack === null)}</figure>`,
        )}</div></section>`,
    )}`,
  );
}

function grouped<K>(nodes: readonly FleetNode[], keyOf: (node: FleetNode) => K): [K, FleetNode[]][] {
  return [...Map.groupBy(nodes, keyOf)];
}

/** In the order of their names, those without one last. */
const racksOf = (nodes: readonly FleetNode[]): [string | null, FleetNode[]][] =>
  grouped(nodes, ({ rack }) => rack).toSorted(([a], [b]) =>
    a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1,
  );

function legend(nodes: readonly FleetNode[], more: boolean): Markup {
  const counts = Map.groupBy(nodes, ({ state }) => state);
  const known = stateNames.filter((state) => counts.has(state));
  const others = [...counts.keys()].filter((state) => !stateNames.some((name) => name === state));
  const late = nodes.filter((node) => node.late).length;
  const offline = nodes.filter((node) => node.offline).length;
  return html`<div class="row legend"><span><b>${nodes.length}</b> nodes${more ? " and more" : ""}</span>${[
    ...known,
    ...others,
  ].map(
    (state) =>
      html`<span class="s-${state}"><span class="dot"></span><b>${counts.get(state)?.length ?? 0}</b> ${state}</span>`,
  )}${late === 0 ? html`<span class="good">none late</span>` : html`<span class="late mark">${late} late</span>`}${offline === 0 ? null : html`<span><b>${offline}</b> offline</span>`}</div>`;
}

/** Thousands of cells are no buttons: a node is asked for by its name. */
const finder = ({ read }: Frame): Markup =>
  html`<div class="row rule"><label>Node <input name="node" autocomplete="off" placeholder="name"></label>${button(
    {
      label: "Show its story",
      confirmation: null,
      display: "popup",
      endpoint: read,
      parameters: { widget: "node" },
    },
  )}<span class="soft small">Outlined: late, or an open issue. Hollow: offline. Point at a cell to read it.</span></div>`;

/** Everything about it in a line: what a cell says when it is pointed at or read aloud. */
function lineOf({ id, state, phase, offline, late, reservation, issues }: FleetNode): string {
  return [
    `${id}: ${state}, ${phase}`,
    ...(offline ? ["offline"] : []),
    ...(late ? ["late"] : []),
    ...(reservation === null ? [] : [`reservation ${reservation}`]),
    ...(issues === 0 ? [] : [`${issues} open issue${issues === 1 ? "" : "s"}`]),
  ].join(", ");
}

const marksOf = ({ offline, late, issues }: FleetNode): string =>
  `${offline ? " off" : ""}${late ? " isLate" : issues > 0 ? " ill" : ""}`;

function tilesOf(frame: Frame, nodes: readonly FleetNode[], roomy: boolean): Markup {
  return html`<div class="tiles${roomy ? " roomy" : ""}">${nodes.map((node) =>
    button({
      label: html`<span class="name">${node.id}</span><span class="phase">${node.late ? "late, " : ""}${node.offline ? "offline" : roomy ? `${node.late ? "" : `${node.state}, `}${node.phase}` : node.phase}</span>${roomy ? html`<span class="who">${node.reservation ?? (node.issues > 0 ? "open issue" : "–")}</span>` : null}`,
      title: lineOf(node),
      kind: `tile s-${node.state}${marksOf(node)}`,
      confirmation: null,
      display: "popup",
      endpoint: frame.read,
      parameters: { widget: "node", node: node.id },
    }),
  )}</div>`;
}

const cell = 11;
const gap = 2;
const pitch = cell + gap;
const rackColumns = 8;

function mapOf({ width }: Frame, nodes: readonly FleetNode[], _roomy: boolean, alone: boolean): Markup {
  const columns = alone ? Math.max(10, Math.floor((width - 40) / pitch)) : rackColumns;
  const rows = Math.ceil(nodes.length / columns);
  const drawn = Math.min(columns, nodes.length);
  const late = nodes.filter((node) => node.late).length;
  return html`<svg width="${drawn * pitch}" height="${rows * pitch}" role="img" aria-label="${nodes.length} nodes, ${late} late">${nodes.map(
    (node, index) =>
      html`<rect x="${(index % columns) * pitch + 1}" y="${Math.floor(index / columns) * pitch + 1}" width="${cell - 2}" height="${cell - 2}" rx="2" class="s-${node.state}${node.offline ? " o" : ""}${node.late || node.issues > 0 ? " l" : ""}"><title>${lineOf(node)}</title></rect>`,
  )}</svg>`;
}

export { nodeButton };
