/** Takes a delivery from `run`: each command is judged by itself, journalled, handed on; the answer goes back at once. */
import { delivery, type Receipt } from "../contracts/command.ts";
import { explain } from "../contracts/scalars.ts";
import type { Command, CommandResult } from "../core/command.ts";
import type { LabId } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import type { Executor } from "./executor.ts";
import { judge, onlyLooks, type Verdict } from "./intake.ts";
import type { Journal } from "./journal.ts";

export interface Intake {
  readonly journal: Journal;
  readonly executor: Pick<Executor, "abort" | "add">;
  readonly report: (result: CommandResult) => void;
  /** Answers a command that touches nothing: at once, and without the journal, which is for what has to be remembered. */
  readonly look: (command: Command) => CommandResult;
  readonly lab: LabId;
  readonly now: () => number;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/** SSM keeps 24,000 characters of an answer: results beyond this are only reported, not answered. */
const mostResultCharacters = 12_000;

/** A delivery that is none: told to whoever called `run`. */
export class NotADelivery extends Error {
  override readonly name = "NotADelivery";
}

/** One command that is refused does not hold up the others of its delivery. */
export async function take(
  body: string,
  { journal, executor, report, look, lab, now, log }: Intake,
): Promise<Receipt> {
  const parsed = delivery.safeParse(parse(body));
  if (!parsed.success) throw new NotADelivery(explain(parsed.error).slice(0, 1000));
  const receipts: Receipt["commands"] = [];
  const accepted: Extract<Verdict, { verdict: "accepted" }>[] = [];
  const written: Promise<void>[] = [];
  let room = mostResultCharacters;
  for (const given of parsed.data.commands) {
    const verdict = judge(given, { state: journal.state, lab, journal: journal.id }, instant(now()));
    switch (verdict.verdict) {
      case "accepted":
        if (onlyLooks(verdict.command)) {
          report(look(verdict.command));
          receipts.push({ verdict: "accepted", id: verdict.command.id });
          break;
        }
        accepted.push(verdict);
        written.push(journal.append({ t: "accepted", command: verdict.command }));
        receipts.push({ verdict: "accepted", id: verdict.command.id });
        break;
      case "known": {
        // Asking again is how the control plane gets a report that was lost on its way.
        if (verdict.result !== null) report(verdict.result);
        const result = verdict.result === null ? null : withoutWords(verdict.result);
        room -= JSON.stringify(result).length;
        const { id } = verdict.command;
        receipts.push({ verdict: "known", id, status: verdict.status, result: room > 0 ? result : null });
        break;
      }
      case "refused":
        if (verdict.result !== null) report(verdict.result);
        log("command refused", { command: verdict.id, reason: verdict.reason });
        receipts.push({ verdict: "refused", id: verdict.id, reason: verdict.reason.slice(0, 300) });
        break;
    }
  }
  // All of a delivery is synced to disk at once: one after the other would keep `run` waiting for fifty times as long.
  await Promise.all(written);
  for (const { command, aborts } of accepted)
    await executor.abort(aborts, `superseded by command ${command.id}`);
  for (const { command } of accepted) executor.add(command);
  return { schema: "rackwright.receipt/1", journal: journal.id, commands: receipts };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new NotADelivery("it is not JSON");
  }
}

const withoutWords = (result: CommandResult) => ({
  ...result,
  results: result.results.map(({ said: _, ...rest }) => rest),
});
