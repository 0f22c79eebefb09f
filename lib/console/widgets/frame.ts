/** What every widget stands in: its style, its colours by the dashboard's theme, and its buttons. */
import type { Theme } from "../../contracts/widget.ts";
import { asIs, html, type Markup, type Part } from "../html.ts";
import { palettes, stateNames } from "../status-style.ts";

export interface Frame {
  readonly theme: Theme;
  /** Milliseconds since 1970, on the server's clock: every age is told by it. */
  readonly now: number;
  /** What the widget is given to be drawn in, in pixels. */
  readonly width: number;
  /** The functions that buttons call: by ARN, as CloudWatch wants them. */
  readonly read: string;
  readonly act: string;
}

const colours = (theme: Theme): string => {
  const { grounds, inks, lines } = palettes[theme];
  return Object.entries({ ...grounds, ...inks, ...lines })
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(";");
};

const states = stateNames.map((state) => `.rw .s-${state}{--c:var(--${state})}`).join("");

/** CloudWatch runs no script and draws with its own style; this one is under a class of our own. */
const style = `
.rw{--c:var(--soft);background:var(--card);color:var(--ink);font:14px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums;padding:14px 16px;min-height:100%;box-sizing:border-box}
.rw *{box-sizing:border-box}
${states}
.rw h2{font-size:15px;font-weight:600;margin:0;color:var(--ink)}.rw h3{font-size:12px;font-weight:600;margin:14px 0 6px;color:var(--soft)}
.rw p{margin:4px 0}.rw .soft{color:var(--soft)}.rw .small{font-size:12px}.rw .bad{color:var(--quarantined)}.rw .good{color:var(--available)}
.rw .name{font-weight:600}.rw .name,.rw dd,.rw .why,.rw pre,.rw td{unicode-bidi:isolate;overflow-wrap:break-word}.rw table{table-layout:auto}.rw td:first-child,.rw .whole{white-space:nowrap}
.rw .state{color:var(--c);font-weight:600;white-space:nowrap}
.rw .dot{display:inline-block;width:9px;height:9px;border-radius:3px;background:var(--c);margin-right:6px}
.rw .row{display:flex;flex-wrap:wrap;gap:7px 10px;align-items:center}.rw .row+table{margin-top:12px}.rw td .row{margin:9px 0 5px}.rw .rule{margin:8px 0 10px}.rw .apart{justify-content:space-between}
.rw button,.rw .btn{font:inherit;font-size:13px;color:var(--ink);background:transparent;border:1px solid var(--soft);border-radius:7px;padding:3px 10px;cursor:pointer;text-decoration:none}
.rw button:hover{border-color:var(--ink);background:var(--ground)}
.rw :focus-visible{outline:2px solid var(--loading);outline-offset:2px}
.rw button.danger{border-color:var(--quarantined);color:var(--quarantined)}
.rw button.plain{border:0;padding:0;font-weight:600;border-radius:3px}.rw button.plain:hover{text-decoration:underline;background:none}
.rw input{font:inherit;font-size:13px;color:var(--ink);background:var(--ground);border:1px solid var(--soft);border-radius:7px;padding:3px 9px;min-width:0}
.rw input::placeholder{color:var(--soft);opacity:1}
.rw label{font-size:12px;color:var(--soft);display:flex;gap:8px;align-items:center;flex:1 1 240px}.rw label input{flex:1}
.rw table{border-collapse:collapse;width:100%}.rw th{font-size:12px;font-weight:600;color:var(--soft);text-align:left;padding:2px 12px 4px 0;border:0;background:none}
.rw td{padding:6px 12px 6px 0;border:0;border-top:1px solid var(--line);vertical-align:top;font-size:13px;background:none;color:var(--ink)}
.rw dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0;font-size:13px}.rw dt{color:var(--soft)}.rw dd{margin:0}
.rw pre{margin:6px 0;padding:8px 10px;background:var(--ground);color:var(--ink);border:0;border-radius:7px;font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;white-space:pre-wrap;max-width:100%;max-height:180px;overflow:auto}
.rw .mark{font-size:12px;border:1px solid var(--c);color:var(--c);border-radius:5px;padding:0 6px;white-space:nowrap}
.rw .late{--c:var(--in-use)}.rw svg.bar{width:100%;height:8px;border-radius:4px;display:block;margin:4px 0}.rw .bar .track{fill:var(--line)}.rw .bar .run{fill:var(--c)}
`;

/** A whole widget. Its theme is the dashboard's, whatever the browser prefers. */
export const framed = ({ theme }: Pick<Frame, "theme">, ...parts: readonly Part[]): string =>
  html`<div class="cwdb-no-default-styles"></div><style>${asIs(style)}.rw{${asIs(colours(theme))};color-scheme:${theme}}</style><div class="rw">${parts.map((part) => html`${part}`)}</div>`
    .markup;

export interface Button {
  readonly label: Part;
  readonly title?: string;
  readonly kind?: string;
  /** What is asked before it is done; null: nothing. */
  readonly confirmation: string | null;
  readonly display: "popup" | "widget";
  readonly endpoint: string;
  readonly parameters: Readonly<Record<string, string | number | null>>;
}

/** CloudWatch binds an action to the element before it. A real button, so that the keyboard reaches it. */
export const button = ({ label, title, kind, confirmation, display, endpoint, parameters }: Button): Markup =>
  html`<button type="button"${kind === undefined ? null : html` class="${kind}"`}${title === undefined ? null : html` title="${title}"`}>${label}</button><cwdb-action action="call" display="${display}"${confirmation === null ? null : html` confirmation="${confirmation}"`} endpoint="${endpoint}">${JSON.stringify(parameters)}</cwdb-action>`;

/** A state as a coloured word. */
export const stateMark = (state: string): Markup =>
  html`<span class="state s-${state}"><span class="dot"></span>${state}</span>`;

/** Leads to one node's story. */
export const nodeButton = ({ read }: Frame, node: string, kind = "plain name"): Markup =>
  button({
    label: node,
    kind,
    confirmation: null,
    display: "popup",
    endpoint: read,
    parameters: { widget: "node", node },
  });

/** `2026-11-24 12:00:05`, in UTC, as logs have it. */
export const timeText = (at: number): string => new Date(at).toISOString().slice(0, 19).replace("T", " ");
