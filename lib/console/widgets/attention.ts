/** Nodes that somebody should look at: what is known of each, and what can be done to it. */
import { jobOf, type NodeState, type Observation, reservationOf } from "../../core/node/node.ts";
import { instant, spanText } from "../../core/time.ts";
import { html, type Markup } from "../html.ts";
import { actions, reasonField } from "./actions.ts";
import { type Frame, framed, nodeButton, stateMark } from "./frame.ts";

export interface AttentionShown {
  readonly nodes: readonly NodeState[];
  readonly count: number;
  readonly of: number;
}

export function attentionWidget(frame: Frame, { nodes, count, of }: AttentionShown): string {
  if (count === 0)
    return framed(
      frame,
      html`<p class="good">All is well: of ${of} nodes none is late, and none is kept out.</p>`,
    );
  return framed(
    frame,
    html`<div class="row apart"><p><b>${count}</b> of ${of} nodes${count > nodes.length ? `; the first ${nodes.length} are shown` : ""}</p></div>`,
    reasonField,
    html`<table><thead><tr><th scope="col">Node</th><th scope="col">What is known</th></tr></thead><tbody>${nodes.map((node) => row(frame, node))}</tbody></table>`,
  );
}

function row(frame: Frame, node: NodeState): Markup {
  const reservation = reservationOf(node);
  return html`<tr><td>${nodeButton(frame, node.id)}<div>${stateMark(node.provision.state)}</div><div class="soft small">${node.lab}${reservation === null ? null : html` · ${reservation}`}</div></td><td>${evidence(frame, node)}${actions(frame, node)}</td></tr>`;
}

function evidence({ now }: Frame, node: NodeState): Markup {
  const job = jobOf(node);
  const { provision, operation, openIssues } = node;
  const age = spanText(Math.max(0, now - operation.since));
  const kept =
    provision.state === "quarantined"
      ? html`<p class="bad why">${provision.fault.message}</p>`
      : openIssues.length > 0
        ? html`<p class="bad why">kept from everybody: ${openIssues.length} open issue${openIssues.length === 1 ? "" : "s"}</p>`
        : null;
  if (job === null) return html`${kept}<p class="soft small">in ${operation.phase} for ${age}</p>`;
  const { correction } = job;
  const since = Math.max(0, now - Math.min(job.clocks.noProgressBy, job.clocks.overallBy));
  return html`<p class="why">${correction.late ? html`<span class="mark late">late${since > 0 ? ` by ${spanText(since)}` : ""}</span> ` : null}<b>${job.step}</b>, attempt ${job.attempt}: awaits ${job.awaits || "its turn"}</p><p class="soft small">in ${operation.phase} for ${age}${job.command !== null && job.command.purpose !== "step" ? `; ${job.command.purpose} is under way` : ""}${job.blindSince === null ? "" : `; its BMC has not answered for ${spanText(Math.max(0, now - job.blindSince))}`}</p>${kept}${correction.observation === null ? null : seen(correction.observation, now)}`;
}

const shownLines = 6;

const seen = ({ power, at, console: lines }: Observation, now: number): Markup =>
  html`<p class="soft small">seen ${spanText(Math.max(0, now - instant(at)))} ago: power ${power}</p>${lines.length === 0 ? null : html`<pre>${lines.slice(-shownLines).join("\n")}</pre>`}`;
