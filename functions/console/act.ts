/** The buttons of the operators' dashboard: each press is one invocation, of which CloudTrail has who made it. */
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { composer } from "../runtime/compose.ts";
import { actByWidget } from "../runtime/widgets.ts";

const makeApp = composer();

export const handler = middy().handler(async (event: unknown, context: Context) => {
  const app = makeApp();
  try {
    return await actByWidget(app, event, {
      request: context.awsRequestId,
      leftMs: () => context.getRemainingTimeInMillis(),
    });
  } finally {
    await app.outbox.flush();
  }
});
