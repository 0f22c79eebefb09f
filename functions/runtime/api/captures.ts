/** Images made of nodes: by whoever uses one, or by operators of any; and their trial on another node. */

import { captureNode, captureOf, tryRevision } from "../../../lib/app/capture.ts";
import type { Accepted } from "../../../lib/app/node-job.ts";
import { captureBody, ownCaptureBody, tryBody } from "../../../lib/contracts/api.ts";
import { isNodeId, isReservationId, type ReservationId } from "../../../lib/core/ids.ts";
import { type Answer, json, notFound, parseBody, problem } from "../http.ts";
import { type Request, refused } from "./request.ts";

/** Under the id that the caller has chosen, if he has: the same one again changes nothing. */
async function accepted(
  { app, idempotencyKey }: Request,
  chosen: ReservationId | undefined,
  title: string,
  ask: (id: ReservationId) => Promise<Accepted>,
): Promise<Answer> {
  const id = chosen ?? idempotencyKey ?? app.ids.next("job");
  if (!isReservationId(id))
    return problem(400, "invalid", "Not a job id", `Idempotency-Key: ${id} cannot be the id of a job`);
  const asked = await ask(id);
  return asked.ok ? json(202, await app.store.read("job", id)) : refused(asked.fault, title);
}

const title = "It cannot be captured";

export async function captureOfNode(request: Request): Promise<Answer> {
  const { app, actor, id: node, body } = request;
  const wish = parseBody(captureBody, body);
  if (!wish.ok) return wish.answer;
  if (!isNodeId(node)) return notFound(`node ${node}`);
  return accepted(request, wish.value.id, title, (id) =>
    captureNode(app, { ...wish.value, id, node }, actor),
  );
}

export async function captureOfReservation(request: Request, reservation: ReservationId): Promise<Answer> {
  const { app, actor, body } = request;
  const wish = parseBody(ownCaptureBody, body);
  if (!wish.ok) return wish.answer;
  return accepted(request, wish.value.id, title, (id) =>
    captureOf(app, reservation, { ...wish.value, id }, actor),
  );
}

export async function tryImage(request: Request): Promise<Answer> {
  const { app, actor, id: image, body } = request;
  const wanted = parseBody(tryBody, body);
  if (!wanted.ok) return wanted.answer;
  const { revision: name, node } = wanted.value;
  const revision = await app.store.read("revision", name);
  if (revision === null || revision.image !== image) return notFound(`revision ${name} of image ${image}`);
  return accepted(request, wanted.value.id, "It cannot be tried", (id) =>
    tryRevision(app, { id, revision, node }, actor),
  );
}
