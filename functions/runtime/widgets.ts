/** Answers a dashboard's widgets and their buttons: what was asked for, read and drawn. */

import type { App } from "../../lib/app/app.ts";
import {
  mostFleetNodes,
  readAttention,
  readLabs,
  readReservations,
  readStory,
} from "../../lib/app/console.ts";
import { operate } from "../../lib/app/operate.ts";
import { actedWidget, reasonName } from "../../lib/console/widgets/actions.ts";
import { attentionWidget } from "../../lib/console/widgets/attention.ts";
import { describeActing, describeReading } from "../../lib/console/widgets/describe.ts";
import { fleetWidget } from "../../lib/console/widgets/fleet.ts";
import type { Frame } from "../../lib/console/widgets/frame.ts";
import { labsWidget } from "../../lib/console/widgets/labs.ts";
import { askForNode, nodeWidget } from "../../lib/console/widgets/node.ts";
import { reservationsWidget } from "../../lib/console/widgets/reservations.ts";
import { type Operated, operateRequest } from "../../lib/contracts/operate.ts";
import { explain } from "../../lib/contracts/scalars.ts";
import { type WidgetEvent, widgetEvent } from "../../lib/contracts/widget.ts";
import { isReservationId } from "../../lib/core/ids.ts";
import type { Fleet } from "../../lib/ports/fleet.ts";

export interface Reading extends Pick<App, "store" | "clock" | "policy"> {
  readonly fleet: Fleet;
}

/** By ARN: the function that draws, and the one that acts. */
export interface Endpoints {
  readonly read: string;
  readonly act: string;
}

export async function drawWidget(app: Reading, event: unknown, endpoints: Endpoints): Promise<string> {
  const asked = widgetEvent.parse(event);
  if (asked.describe) return describeReading;
  const { theme, width } = asked.widgetContext;
  return draw(app, asked, { theme, width, now: app.clock.now(), ...endpoints });
}

async function draw({ store, fleet, policy }: Reading, asked: WidgetEvent, frame: Frame): Promise<string> {
  switch (asked.widget) {
    case "fleet":
      return fleetWidget(frame, await fleet.all(mostFleetNodes));
    case "attention":
      return attentionWidget(frame, await readAttention(store, fleet));
    case "labs":
      return labsWidget(frame, { labs: await readLabs(store), capacity: policy.budget.capacity });
    case "reservations":
      return reservationsWidget(frame, await readReservations(store));
    case "node": {
      const id = (asked.node ?? asked.widgetContext.forms.all["node"] ?? "").trim();
      const story = id === "" ? null : await readStory(store, id);
      return story === null ? askForNode(frame, id === "" ? null : id) : nodeWidget(frame, story);
    }
  }
}

export interface Invocation {
  /** Its own id, which CloudTrail has with the name of whoever made it. */
  readonly request: string;
  /** Until it has to end. */
  readonly leftMs: () => number;
}

/** Only what a node's buttons offer: the event's shape knows no other action. */
export async function actByWidget(
  app: App,
  event: unknown,
  { request, leftMs }: Invocation,
): Promise<string> {
  const asked = widgetEvent.parse(event);
  if (asked.describe) return describeActing;
  const tell = ({ done, text }: Operated) => actedWidget(asked.widgetContext, { done, text, request });
  const reason = (asked.widgetContext.forms.all[reasonName] ?? "").trim().slice(0, 300);
  if (reason === "") return tell({ done: false, text: "Say why in the field Reason, and press again" });
  const wanted = operateRequest.safeParse({
    action: asked.action,
    target: asked.node,
    reason,
    actor: `console ${request}`,
    request: pressOf(asked),
  });
  if (!wanted.success) return tell({ done: false, text: explain(wanted.error) });
  return tell(await operate(app, wanted.data, leftMs));
}

/** A button that is pressed twice is one request, where the node's name leaves room for saying so. */
function pressOf({ action, node, version }: WidgetEvent): string | null {
  const press = `${node}.v${version}.${action}`;
  return version !== null && isReservationId(press) ? press : null;
}
