/**
 * Tells of every request that goes to AWS, each try of it, to whoever listens on the diagnostics channel
 * `rackwright:aws-request` in the same process: that is how `npm run bench -- cost` counts what is billed. Where nobody
 * listens nothing is done.
 */
import { channel } from "node:diagnostics_channel";
import type { DeserializeMiddleware, MiddlewareStack } from "@smithy/types";

export const requestChannel = "rackwright:aws-request";

export interface AwsRequest {
  /** As the SDK calls them: `DynamoDBClient`, `TransactWriteItemsCommand`. */
  readonly client: string;
  readonly command: string;
  /** In the service's own notation. */
  readonly input: object;
  /** Null: there was no answer, or an error. */
  readonly output: object | null;
}

const requests = channel(requestChannel);

/** Gives the client back. */
export function telling<
  Input extends object,
  Output extends object,
  Client extends { readonly middlewareStack: MiddlewareStack<Input, Output> },
>(client: Client & { readonly middlewareStack: MiddlewareStack<Input, Output> }): Client {
  const tell: DeserializeMiddleware<Input, Output> =
    (next, { clientName = "", commandName = "" }) =>
    async (given) => {
      if (!requests.hasSubscribers) return next(given);
      const asked = { client: clientName, command: commandName, input: given.input };
      try {
        const answer = await next(given);
        requests.publish({ ...asked, output: answer.output ?? null } satisfies AwsRequest);
        return answer;
      } catch (error) {
        requests.publish({ ...asked, output: null } satisfies AwsRequest);
        throw error;
      }
    };
  // Outside what reads the answer, inside what tries again.
  client.middlewareStack.add(tell, { step: "deserialize", name: "tellOfRequest", priority: "high" });
  return client;
}
