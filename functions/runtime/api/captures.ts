/** Images made of nodes: by whoever uses one, or by operators of any; and their trial on another node. */

import { captureNode, captureOf, tryRevision } from "../../../lib/app/capture.ts";
import { captureBody, ownCaptureBody, tryBody } from "../../../lib/contracts/api.ts";
import { isNodeId, type ReservationId } from "../../../lib/core/ids.ts";
import { type Answer, notFound, parseBody } from "../http.ts";
import { jobUnder, otherVersion, type Request } from "./request.ts";

const title = "It cannot be captured";

export async function captureOfNode(request: Request): Promise<Answer> {
  const { app, actor, id: node, body, ifVersion } = request;
  const wish = parseBody(captureBody, body);
  if (!wish.ok) return wish.answer;
  if (!isNodeId(node)) return notFound(`node ${node}`);
  return jobUnder(request, wish.value.id, title, (id) =>
    captureNode(app, { ...wish.value, id, node }, actor, ifVersion),
  );
}

export async function captureOfReservation(request: Request, reservation: ReservationId): Promise<Answer> {
  const { app, actor, body } = request;
  const wish = parseBody(ownCaptureBody, body);
  if (!wish.ok) return wish.answer;
  return jobUnder(request, wish.value.id, title, (id) =>
    captureOf(app, reservation, { ...wish.value, id }, actor),
  );
}

export async function tryImage(request: Request): Promise<Answer> {
  const { app, actor, id: image, body, ifVersion } = request;
  const wanted = parseBody(tryBody, body);
  if (!wanted.ok) return wanted.answer;
  const { revision: name, node } = wanted.value;
  const revision = await app.store.read("revision", name);
  if (revision === null || revision.image !== image) return notFound(`revision ${name} of image ${image}`);
  const known = ifVersion === null ? null : await app.store.read("image", image);
  if (known !== null && known.version !== ifVersion) return otherVersion(`image ${image}`);
  return jobUnder(request, wanted.value.id, "It cannot be tried", (id) =>
    tryRevision(app, { id, revision, node }, actor),
  );
}
