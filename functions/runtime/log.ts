/** Structured logs: one JSON line an event, with the ids that an operator searches for. */
import { Logger } from "@aws-lambda-powertools/logger";
import type { Log } from "../../lib/ports/clock.ts";

const logger = new Logger({ serviceName: "rackwright" });

export const log: Log = {
  info: (message, details) => logger.info(message, details),
  warn: (message, details) => logger.warn(message, details),
  error: (message, details) => logger.error(message, details),
};
