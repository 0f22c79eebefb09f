/** The command line of `npm run simulate`. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type FaultLevel, faultLevels, isFaultLevel } from "../faults.ts";

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const help = `Whole histories of the system in virtual time, each from one seed, with everything going wrong that can.

  npm run simulate -- --runs 20000 --seed 1     histories 1 to 20000; every invariant after every event
  npm run simulate -- --runs 1 --seed 4711      one of them again, exactly
  npm run simulate -- --self-test               plants each known defect and shows that it is caught
  npm run simulate -- --mutants 100             changes the shipped code at random and shows what is caught

Options
  --runs N          how many histories (default: 1000)
  --seed S          the first one's seed (default: 1)
  --faults LEVEL    ${Object.keys(faultLevels).join(", ")}, or mixed: each history has its own (default: mixed)
  --workers N       threads (default: one per core)
  --story           tells each history, event by event
  --json            the last line is a JSON object
  --help            this text

Exits 1 when a promise was broken, with the seed and the shortest story that breaks it.
`;

export interface Options {
  readonly help: boolean;
  readonly runs: number;
  readonly seed: number;
  readonly faults: FaultLevel | "mixed";
  readonly workers: number;
  readonly story: boolean;
  readonly json: boolean;
  readonly selfTest: boolean;
  /** So many mutants; 0: none. */
  readonly mutants: number;
}

export function readOptions(argv: readonly string[]): Options {
  const values = parse(argv);
  const faults = values.faults ?? "mixed";
  if (faults !== "mixed" && !isFaultLevel(faults))
    throw new UsageError(`--faults: ${faults} is none of ${Object.keys(faultLevels).join(", ")}, mixed`);
  return {
    help: values.help === true,
    runs: whole("runs", values.runs, 1000, 1),
    seed: whole("seed", values.seed, 1, 0),
    faults,
    workers: whole("workers", values.workers, availableParallelism(), 1),
    story: values.story === true,
    json: values.json === true,
    selfTest: values["self-test"] === true,
    mutants: whole("mutants", values.mutants, 0, 1),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean" },
        runs: { type: "string" },
        seed: { type: "string" },
        faults: { type: "string" },
        workers: { type: "string" },
        story: { type: "boolean" },
        json: { type: "boolean" },
        "self-test": { type: "boolean" },
        mutants: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > 0xffff_ffff)
    throw new UsageError(`--${name}: ${text} is no whole number from ${least} on`);
  return value;
}
