/** The widgets of the operators' dashboard. It reads, and changes nothing. */
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { documentClient } from "../../lib/aws/clients.ts";
import { dynamoFleet } from "../../lib/aws/dynamo-fleet.ts";
import { readEnvironment, widgetsEnvironment } from "../../lib/contracts/environment.ts";
import { composer } from "../runtime/compose.ts";
import { drawWidget } from "../runtime/widgets.ts";

const makeApp = composer();
const environment = readEnvironment(widgetsEnvironment, process.env);
const fleet = dynamoFleet({ client: documentClient(), table: environment.TABLE_NAME });

export const handler = middy().handler((event: unknown, { invokedFunctionArn }: Context) => {
  const { store, clock, policy } = makeApp();
  return drawWidget({ store, clock, policy, fleet }, event, {
    read: invokedFunctionArn,
    act: environment.CONSOLE_ACT_FUNCTION,
  });
});
