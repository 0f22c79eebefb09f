/** What a node's serial console printed, for those who may read it. */
import { readableFrom, readConsole } from "../../../lib/app/serial-console.ts";
import { sleep } from "../../../lib/aws/clock.ts";
import { progressQuery } from "../../../lib/contracts/api.ts";
import { type Answer, json, notFound, parseQuery, problem } from "../http.ts";
import type { Request } from "./request.ts";

/** A last look at the store and the answer take no longer. */
const answerMs = 1500;

export async function console({ app, id, query, caller, leftMs }: Request): Promise<Answer> {
  const asked = parseQuery(progressQuery, query);
  if (!asked.ok) return asked.answer;
  const { after: seen, waitSeconds } = asked.value;
  const read = await readConsole(app, id, {
    seen,
    waitMs: Math.max(0, Math.min(1000 * waitSeconds, leftMs() - answerMs)),
    sleep,
    from: (node) => readableFrom(app.store, node, caller),
  });
  if (read === "hidden") return notFound(`node ${id}`);
  if (read !== "no-console") return json(200, read);
  const detail = `node ${id} has no \`console\` in its lab's file: docs/consoles.md says what to write there`;
  return problem(409, "no-console", "Nobody listens to it", detail);
}
