/** The labs: who works there, and what correction may still spend. */
import type { LabView } from "../../contracts/views.ts";
import { spanText } from "../../core/time.ts";
import { html, type Markup } from "../html.ts";
import { type Frame, framed } from "./frame.ts";

export interface LabsShown {
  readonly labs: readonly LabView[];
  /** Tokens of a full budget, where a lab has not set its own. */
  readonly capacity: number;
}

export function labsWidget(frame: Frame, { labs, capacity }: LabsShown): string {
  if (labs.length === 0)
    return framed(
      frame,
      html`<p>There is no lab yet. <span class="soft">docs/lab-file.md says how one is described.</span></p>`,
    );
  return framed(
    frame,
    html`<table><thead><tr><th scope="col">Lab</th><th scope="col">Controllers</th><th scope="col">Correction</th></tr></thead><tbody>${labs.map((lab) => row(frame, lab, capacity))}</tbody></table>`,
  );
}

const row = (frame: Frame, lab: LabView, capacity: number): Markup =>
  html`<tr><td><span class="name">${lab.id}</span><div class="soft small">${lab.nodes} nodes</div></td><td>${lab.controllers.map(
    ({ id, state }) =>
      html`<div><span class="${state === "reachable" ? "good" : "bad"}">${state}</span> <div class="soft small whole">${id}</div></div>`,
  )}</td><td>${budget(lab, capacity)}${suspicion(frame, lab)}</td></tr>`;

function budget({ correction, tokens, late }: LabView, capacity: number): Markup {
  const full = Math.max(capacity, tokens);
  const share = full === 0 ? 0 : Math.round((1000 * tokens) / full) / 10;
  return html`<div>${correction === "act" ? null : html`<span class="mark">observes only</span> `}<b>${tokens}</b> of ${full} corrections left</div><svg class="bar ${share < 50 ? "late" : "s-available"}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${tokens} of ${full} corrections left"><rect class="track" width="100" height="8"></rect><rect class="run" width="${share}" height="8"></rect></svg><div class="soft small">${late.length === 0 ? "no node was late lately" : `${late.length} late lately`}</div>`;
}

const suspicion = ({ now }: Frame, { suspect }: LabView): Markup | null =>
  suspect === null
    ? null
    : html`<p class="bad why">The lab is suspect for ${spanText(Math.max(0, now - suspect.since))}, not its nodes: ${suspect.allowance} at a time ${suspect.allowance === 1 ? "is" : "are"} corrected, ${suspect.onProbation.length === 0 ? "none yet" : `now ${suspect.onProbation.join(", ")}`}.</p>`;
