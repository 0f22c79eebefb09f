/** One node's story: what it is doing, its two clocks, what its console said last, its hardware log, and what happened. */
import type { NodeProgress } from "../../contracts/stored.ts";
import { type JobRun, jobOf, type NodeState, reservationOf } from "../../core/node/node.ts";
import { spanText } from "../../core/time.ts";
import type { HardwareIssue, TimelineEntry } from "../../core/timeline.ts";
import { asIs, html, type Markup } from "../html.ts";
import { actions, reasonField } from "./actions.ts";
import { button, type Frame, framed, stateMark, timeText } from "./frame.ts";

const style = `
.rw .clock{display:grid;grid-template-columns:92px 1fr 110px;gap:10px;align-items:center;font-size:12px;color:var(--soft);margin:3px 0}
.rw ol{list-style:none;margin:0;padding:0}.rw li{position:relative;padding:0 0 12px 18px;border-left:2px solid var(--line);margin-left:5px;font-size:13px}
.rw li::before{content:"";position:absolute;left:-6px;top:5px;width:10px;height:10px;border-radius:50%;background:var(--c)}
.rw li.same::before{background:var(--card);border:2px solid var(--c)}
`;

export interface StoryShown {
  readonly node: NodeState;
  readonly progress: NodeProgress | null;
  readonly entries: readonly TimelineEntry[];
  readonly issues: readonly HardwareIssue[];
}

/** Asks which node; `unknown`: one that was asked for and is not there. */
export const askForNode = (frame: Frame, unknown: string | null): string =>
  framed(
    frame,
    finder(frame, ""),
    unknown === null
      ? html`<p class="soft">Its timeline, its current step and clocks, its console's last lines, its hardware log.</p>`
      : html`<p class="bad why" role="status">There is no node ${unknown}.</p>`,
  );

const finder = ({ read }: Frame, node: string): Markup =>
  html`<div class="row"><label>Node <input name="node" autocomplete="off" placeholder="name" value="${node}"></label>${button(
    {
      label: "Show",
      confirmation: null,
      display: "widget",
      endpoint: read,
      parameters: { widget: "node" },
    },
  )}</div>`;

export function nodeWidget(frame: Frame, story: StoryShown): string {
  const { node, entries, issues } = story;
  const job = jobOf(node);
  const { administrative } = node;
  return framed(
    frame,
    html`<style>${asIs(style)}</style>`,
    html`<div class="row apart"><h2 class="name">${node.id}</h2>${stateMark(node.provision.state)}</div>`,
    administrative.state === "offline"
      ? html`<p class="bad why">offline since ${timeText(administrative.since)} by ${administrative.actor.kind} ${administrative.actor.name}: ${administrative.reason ?? "no reason given"}</p>`
      : null,
    node.provision.state === "quarantined"
      ? html`<p class="bad why">${node.provision.fault.message}</p>`
      : null,
    facts(frame, node),
    job === null ? null : step(frame, job, story.progress, node.provision.state),
    consoleTail(job, issues),
    html`<h3>Act on it</h3>`,
    reasonField,
    actions(frame, node),
    hardwareLog(issues),
    html`<h3>What happened, the latest first</h3><ol>${entries.toReversed().map(entryOf)}</ol>`,
  );
}

function facts({ now }: Frame, node: NodeState): Markup {
  const { operation, power, disk } = node;
  const reservation = reservationOf(node);
  const ago = (at: number) => `${spanText(Math.max(0, now - at))} ago`;
  const rows: readonly (readonly [string, string])[] = [
    ["Lab", `${node.lab}, class ${node.class}${node.tags.length === 0 ? "" : `, ${node.tags.join(", ")}`}`],
    ["Phase", `${operation.phase}, since ${ago(operation.since)}`],
    ["Power", `${power.observed}, read ${ago(power.at)}`],
    [
      "Disk",
      disk.image === null
        ? "nothing that is proved"
        : `${disk.image}, ${disk.revision ?? "revision unknown"}`,
    ],
    ...(reservation === null ? [] : [["Reservation", reservation] as const]),
  ];
  return html`<dl>${rows.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`;
}

/** How much of a clock has run: from its beginning to its end. */
function clock(name: string, from: number, by: number, now: number): Markup {
  const share = by <= from ? 1 : Math.min(1, Math.max(0, (now - from) / (by - from)));
  const rest = by > now ? `${spanText(by - now)} left` : `over by ${spanText(now - by)}`;
  return html`<div class="clock${by > now ? "" : " late"}"><span>${name}</span><svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${name}: ${rest}"><rect class="track" width="100" height="8"></rect><rect class="run" width="${Math.round(share * 1000) / 10}" height="8"></rect></svg><span>${rest}</span></div>`;
}

function step({ now }: Frame, job: JobRun, progress: NodeProgress | null, state: string): Markup {
  const { noProgressBy, noProgressMs, overallBy } = job.clocks;
  const writing = job.step === "write-image" && progress !== null && progress.boot === job.boot;
  return html`<section class="s-${state}"><h3>${job.program}: ${job.step}, attempt ${job.attempt}</h3><p class="why">awaits ${job.awaits || "its turn"}${writing ? ` (${Math.floor((100 * progress.doneBytes) / progress.totalBytes)} % written)` : ""}</p>${clock("no progress", noProgressBy - noProgressMs, noProgressBy, now)}${clock("overall", job.stepSince, overallBy, now)}</section>`;
}

const tailLines = 12;

/** The agent keeps the console's last lines when it looks at a late node, and with what it found wrong. */
function consoleTail(job: JobRun | null, issues: readonly HardwareIssue[]): Markup | null {
  const lines = job?.correction.observation?.console ?? [];
  const shown = lines.length > 0 ? lines : (issues.at(-1)?.evidence ?? []);
  if (shown.length === 0) return null;
  return html`<h3>${lines.length > 0 ? "What its console said last" : "What was seen when its last issue was opened"}</h3><pre>${shown.slice(-tailLines).join("\n")}</pre>`;
}

function hardwareLog(issues: readonly HardwareIssue[]): Markup | null {
  if (issues.length === 0) return null;
  const rank = ({ state }: HardwareIssue) => (state === "open" ? 0 : 1);
  return html`<h3>Hardware log</h3><table><tbody>${issues
    .toSorted((a, b) => rank(a) - rank(b) || b.openedAt - a.openedAt)
    .map(
      (issue) =>
        html`<tr><td class="${issue.state === "open" ? "bad" : "soft"}">${issue.state}</td><td><b>${issue.fault.code}</b> <span class="why">${issue.fault.message}</span><div class="soft small">${timeText(issue.openedAt)} by ${issue.openedBy.kind} ${issue.openedBy.name}${issue.closedBecause === null ? "" : `; closed: ${issue.closedBecause}`}</div></td></tr>`,
    )}</tbody></table>`;
}

const entryOf = (entry: TimelineEntry): Markup =>
  html`<li class="s-${entry.to}${entry.from === entry.to ? " same" : ""}"><span class="state">${entry.from === entry.to ? entry.to : `${entry.from} → ${entry.to}`}</span> <span class="soft small">${timeText(entry.at)} · ${entry.actor.kind} ${entry.actor.name}${entry.phase === null ? "" : ` · ${entry.phase}`}</span>${entry.correction === null ? null : html` <span class="mark late">${entry.correction}</span>`}<div class="why">${entry.why}</div>${entry.evidence === null ? null : html`<pre>${entry.evidence}</pre>`}</li>`;
