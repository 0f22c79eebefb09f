/** A thread that runs the batches that it is sent. */
import { parentPort } from "node:worker_threads";
import { type Batch, runBatch } from "./batch.ts";

parentPort?.on("message", (batch: Batch) => {
  // Out of the message's own turn: the histories empty the queue of promises by themselves.
  setImmediate(() => parentPort?.postMessage(runBatch(batch)));
});
