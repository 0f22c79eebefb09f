/**
 * A function host: what Lambda's triggers do, on one machine. HTTP API events of payload format 2.0, SQS event source
 * and DynamoDB stream mappings with partial batch responses, and schedules. Handlers are passed in.
 */
import { type HttpApi, startHttpApi } from "./http-api.ts";
import { startMapping } from "./sqs-mapping.ts";
import { startStreamMapping } from "./stream-mapping.ts";
import { contextOf, type Mapping, type Schedule, type StreamMapping } from "./triggers.ts";

export interface FunctionHost {
  httpApi(api: HttpApi): Promise<void>;
  sqsMapping(mapping: Mapping): void;
  streamMapping(mapping: StreamMapping): void;
  /** Fires after each interval; never overlaps itself; a failure is logged and the next one comes all the same. */
  schedule(schedule: Schedule): void;
  /** Takes nothing new and waits for what runs. */
  stop(): Promise<void>;
}

export function createFunctionHost({ sqsEndpoint }: { sqsEndpoint: string }): FunctionHost {
  const stops: (() => Promise<void>)[] = [];
  return {
    httpApi: async (api) => {
      stops.push(await startHttpApi(api));
    },
    sqsMapping: (mapping) => {
      stops.push(startMapping(mapping, sqsEndpoint));
    },
    streamMapping: (mapping) => {
      stops.push(startStreamMapping(mapping));
    },
    schedule: ({ name, timeoutMs, rateSeconds, handler }) => {
      let running: Promise<unknown> = Promise.resolve();
      let busy = false;
      const timer = setInterval(() => {
        if (busy) return;
        busy = true;
        running = handler(
          { version: "0", source: "aws.scheduler", "detail-type": "Scheduled Event" },
          contextOf(name, timeoutMs),
        )
          .catch((error: unknown) =>
            console.error(
              JSON.stringify({ level: "ERROR", message: "schedule failed", name, error: String(error) }),
            ),
          )
          .finally(() => {
            busy = false;
          });
      }, rateSeconds * 1000);
      stops.push(async () => {
        clearInterval(timer);
        await running;
      });
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
