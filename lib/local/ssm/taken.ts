/** What a controller has taken, on its disk: so that nothing is run twice, and nothing that was taken stays unanswered. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { resultStatus, stepReply } from "./wire.ts";

const current = z.strictObject({
  messageId: z.string(),
  firstStep: z.string(),
  results: z.record(z.string(), stepReply),
  /** Null while it runs. */
  status: resultStatus.nullable(),
});
/** A document that was taken and whose end was not told yet. */
export type Current = z.infer<typeof current>;

export interface Taken {
  /** False: it was taken before, and must not be run again. */
  take(command: string, start: Current): boolean;
  keep(command: string, state: Current): void;
  answered(command: string): void;
  /** What was taken and not answered when the controller went away. */
  unanswered(): [command: string, state: Current][];
}

export function openTaken(stateDir: string): Taken {
  const marks = join(stateDir, "idempotency");
  const documents = join(stateDir, "current");
  for (const folder of [marks, documents]) mkdirSync(folder, { recursive: true });

  const keep = (command: string, state: Current): void => {
    writeFileSync(join(documents, `.${command}`), JSON.stringify(state));
    renameSync(join(documents, `.${command}`), join(documents, command));
  };
  return {
    take: (command, start) => {
      const mark = join(marks, command);
      if (existsSync(mark)) return false;
      keep(command, start);
      writeFileSync(mark, "");
      return true;
    },
    keep,
    answered: (command) => rmSync(join(documents, command), { force: true }),
    unanswered: () =>
      readdirSync(documents)
        .filter((command) => !command.startsWith("."))
        .map((command) => {
          // Killed between the two files: it was not acknowledged, will be delivered again, and counts as taken all the same.
          writeFileSync(join(marks, command), "");
          return [command, current.parse(JSON.parse(readFileSync(join(documents, command), "utf8")))];
        }),
  };
}
