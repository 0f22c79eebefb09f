/** What a function is told, made up: enough to load its bundle, and nothing that could be reached. */
import { environmentFor, type FunctionName } from "../../lib/contracts/topology.ts";

const queue = "https://sqs.eu-central-1.amazonaws.com/000000000000/name";

export const environmentOf = (name: FunctionName): Readonly<Record<string, string>> => ({
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "nobody",
  AWS_SECRET_ACCESS_KEY: "nothing",
  ...environmentFor(name, {
    TABLE_NAME: "Rackwright",
    WAKES_QUEUE_URL: queue,
    DEAD_LETTER_QUEUE_URL: queue,
    DOCUMENT_NAME: "Run",
    EVENT_BUS_NAME: "bus",
    METRICS_NAMESPACE: "Rackwright/test",
    MAIL_FROM: "rackwright@example.org",
    POLICY: undefined,
    ROLE_CLAIMS: undefined,
    CONSOLE_TOKEN_PATH: undefined,
    CONSOLE_ACT_FUNCTION: "arn:aws:lambda:eu-central-1:000000000000:function:act",
  }),
});
