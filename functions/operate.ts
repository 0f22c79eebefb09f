/** An operator's action, asked for by an SSM Automation that says who ran it: docs/runbook.md. What is refused fails with the reason. */
import middy from "@middy/core";
import { shortened } from "../lib/app/flight-record.ts";
import { operate } from "../lib/app/operate.ts";
import { type Operated, operateRequest } from "../lib/contracts/operate.ts";
import { explain } from "../lib/contracts/scalars.ts";
import { composer } from "./runtime/compose.ts";

const makeApp = composer();
/** What an Automation keeps of a step's output. */
const mostCharacters = 90_000;

export const handler = middy<unknown, Operated>().handler(async (event, context): Promise<Operated> => {
  const request = operateRequest.safeParse(event);
  if (!request.success) throw new Error(explain(request.error));
  const app = makeApp();
  try {
    const operated = await operate(app, request.data, () => context.getRemainingTimeInMillis());
    app.log.info("operate", { ...request.data, done: operated.done, text: operated.text });
    if (!operated.done) throw new Error(operated.text);
    return operated.record === undefined
      ? operated
      : { ...operated, record: shortened(operated.record, mostCharacters) };
  } finally {
    await app.outbox.flush();
  }
});
