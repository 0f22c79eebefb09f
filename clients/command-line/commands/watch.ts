import { type Context, command } from "../command.ts";
import { exits, FailedError } from "../exit.ts";
import { follow } from "../follow.ts";
import { isOver, isReady } from "../progress.ts";
import { sshLine, sshWords } from "../ssh.ts";

export const watch = command({
  name: "watch",
  is: "follow a reservation, node by node, until it is ready or has failed",
  takes: ["ID"],
  options: {},
  run: (context, given) => watchUntilReady(context, given.argument(0)),
});

/** Gives the exit code; throws FailedError when it came to its end without being ready. */
export async function watchUntilReady(context: Context, id: string): Promise<number> {
  const { state, cause, connections } = await follow(
    context,
    id,
    (reservation) => isReady(reservation) || isOver(reservation),
  );
  if (state === "failed") throw new FailedError(`${id} failed: ${cause?.message ?? "no reason is known"}`);
  if (state === "complete") throw new FailedError(`${id} is over`);
  if (!context.json)
    for (const connection of connections) context.say(sshLine(sshWords(connection, id, undefined)));
  return exits.done;
}
