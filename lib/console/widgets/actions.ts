/** The buttons of a node, and what is answered when one was pressed. */
import { operations } from "../../contracts/operate.ts";
import { type WidgetAction, widgetActions } from "../../contracts/widget.ts";
import type { NodeState } from "../../core/node/node.ts";
import { html, type Markup } from "../html.ts";
import { button, type Frame, framed } from "./frame.ts";

/** The name of the field whose text goes with every button of its widget. */
export const reasonName = "reason";

export const reasonField: Markup = html`<div class="row rule"><label>Reason <input name="${reasonName}" autocomplete="off" maxlength="300" placeholder="goes into the timeline with whatever you press"></label></div>`;

const isKeptOut = ({ administrative, provision, openIssues }: NodeState): boolean =>
  administrative.state === "offline" ||
  provision.state === "quarantined" ||
  provision.state === "maintenance" ||
  openIssues.length > 0;

/** Only what can be done: nobody is released who is not kept. */
const fits = (action: WidgetAction, node: NodeState): boolean =>
  action === "release"
    ? isKeptOut(node)
    : action === "offline"
      ? node.administrative.state === "online"
      : !["quarantined", "maintenance"].includes(node.provision.state);

/** Each asks before anything is done, and says what comes of it. */
export const actions = ({ act }: Frame, node: NodeState): Markup =>
  html`<div class="row" role="group" aria-label="Actions on ${node.id}">${widgetActions
    .filter((action) => fits(action, node))
    .map((action) => {
      const { title, effect, disturbs } = operations[action];
      return button({
        label: title,
        title: effect,
        ...(disturbs ? { kind: "danger" } : {}),
        confirmation: `${title} ${node.id}? ${effect}`,
        display: "popup",
        endpoint: act,
        parameters: { action, node: node.id, version: node.version },
      });
    })}</div>`;

export interface ActedShown {
  readonly done: boolean;
  readonly text: string;
  /** Of the function's invocation: CloudTrail has whose it was. */
  readonly request: string;
}

export const actedWidget = (frame: Pick<Frame, "theme">, { done, text, request }: ActedShown): string =>
  framed(
    frame,
    html`<h2 class="${done ? "good" : "bad"}">${done ? "Done" : "Nothing was done"}</h2><p role="status" class="why">${text}.</p><p class="soft small">Request ${request}. CloudTrail has who made it; the timeline has its number.</p>`,
  );
