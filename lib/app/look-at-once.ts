/**
 * Whom a decision wakes is looked at by the function that has decided, as long as that is little: a message to itself would
 * be three requests and an invocation. What is more goes through the queue, so that many share it; so does what fails here.
 */
import type { GroupedWake } from "../ports/queue.ts";
import type { App } from "./app.ts";
import { heedWake } from "./wake.ts";

/** At a time: the nodes of a cluster are looked at side by side, by other invocations. */
const together = 2;
/** In all, for one invocation: a reservation wakes its node, which is ready and wakes it. */
const most = 4;

export async function lookAtOnce(app: App): Promise<void> {
  const failed: GroupedWake[] = [];
  for (let looks = 0; looks < most; ) {
    const wakes = app.outbox.take(Math.min(together, most - looks));
    if (wakes.length === 0) break;
    for (const wake of wakes) {
      looks += 1;
      try {
        await heedWake(app, wake);
      } catch (error) {
        app.log.warn("what was to be looked at at once is woken instead", {
          [wake.entity.kind]: wake.entity.id,
          error: String(error),
        });
        failed.push(wake);
      }
    }
  }
  for (const wake of failed) app.outbox.wake(wake);
}
