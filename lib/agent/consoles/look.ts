/** What a command is told of a console. */
import type { ConsoleLine } from "../../contracts/console.ts";
import type { ActionResult, Command, CommandResult, Observed } from "../../core/command.ts";
import { instant } from "../../core/time.ts";
import type { Consoles } from "./consoles.ts";

/** Twenty reports share a message, and a message of SQS has room for 256 KiB. */
const mostBytes = 8 * 1024;

/** The last lines, as many as a report has room for. */
export function observedOf(lines: readonly ConsoleLine[]): Observed {
  let room = mostBytes;
  const fit = lines.toReversed().filter(({ text }) => {
    room -= JSON.stringify(text).length + 16;
    return room >= 0;
  });
  const told = fit.toReversed();
  return { console: told.map(({ text }) => text), consoleAt: told.map(({ at }) => at) };
}

/** The result of a command that only looks. */
export function look(
  consoles: Pick<Consoles, "learn" | "tail">,
  command: Command,
  now: number,
): CommandResult {
  consoles.learn(command);
  const { id, node, epoch, actions } = command;
  const results = actions.flatMap((action): ActionResult[] =>
    action.verb === "console.tail"
      ? [{ verb: action.verb, outcome: "done", observed: observedOf(consoles.tail(node, action.lines)) }]
      : [],
  );
  const at = instant(now);
  return { command: id, node, epoch, status: "completed", startedAt: at, endedAt: at, results, reason: null };
}
