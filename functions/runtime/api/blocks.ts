/** Blocks: many times reserved in one go. A user sees and ends his own. */
import { endBlock, makeBlock } from "../../../lib/app/blocks.ts";
import { isBound } from "../../../lib/app/quota.ts";
import { type Route, reasonBody } from "../../../lib/contracts/api.ts";
import { blockBody, type StoredBlock } from "../../../lib/contracts/block.ts";
import { reservationIdOf } from "../../../lib/core/block.ts";
import { isOperator } from "../../../lib/core/caller.ts";
import { branded, isBlockId } from "../../../lib/core/ids.ts";
import { json, notFound, parseBody, problem } from "../http.ts";
import { type Handler, nameFor, otherVersion, pageSize, refused } from "./request.ts";

type BlockRoute = Extract<Route, `${string} /v1/blocks${string}`>;

const viewOf = ({ request: _request, bound: _bound, made, refused: all, ...view }: StoredBlock) => ({
  ...view,
  made: made - all.length,
  refused: all.map(({ index, ...each }) => ({ reservation: reservationIdOf(view.id, index), ...each })),
});

export const blockHandlers: Readonly<Record<BlockRoute, Handler>> = {
  "POST /v1/blocks": async (request) => {
    const { app, body, caller, actor } = request;
    const wanted = parseBody(blockBody, body);
    if (!wanted.ok) return wanted.answer;
    const { id = branded(isBlockId, nameFor("block", request)), starts, ...each } = wanted.value;
    const bound = isBound(actor);
    const block = {
      id,
      version: 1,
      owner: caller.name,
      bound,
      request: each,
      starts,
      made: 0,
      refused: [],
      ended: null,
    };
    const made = await makeBlock(app, block, actor);
    if (made.kind === "refused") return refused(made.fault, "None of its times could be reserved");
    if (made.kind === "taken")
      return problem(
        409,
        "id-taken",
        "It cannot be made",
        `${id} is the id of another block: choose another one`,
      );
    return json(made.kind === "made" ? 201 : 200, viewOf(made.block));
  },
  "GET /v1/blocks": async ({ app, caller, query }) => {
    const from = query["next"] ?? null;
    const { items, next } = isOperator(caller)
      ? await app.store.list("block", pageSize, from)
      : await app.store.owned("block", caller.name, pageSize, from);
    return json(200, { blocks: items.map(viewOf), next });
  },
  "POST /v1/blocks/{id}/end": async ({ app, caller, id, body, ifVersion }) => {
    const block = isBlockId(id) ? await app.store.read("block", id) : null;
    if (block === null || (block.owner !== caller.name && !isOperator(caller)))
      return notFound(`block ${id}`);
    const parsed = parseBody(reasonBody, body);
    if (!parsed.ok) return parsed.answer;
    const ended = await endBlock(app, block.id, parsed.value.reason, ifVersion);
    if (ended === "other-version") return otherVersion(`block ${id}`);
    return ended === null ? notFound(`block ${id}`) : json(200, viewOf(ended));
  },
};
