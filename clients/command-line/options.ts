/** The words of a command line as what a command declares. Whatever is wrong with them is one clear line. */
import { parseArgs } from "node:util";
import type { Command, Given, Option } from "./command.ts";
import { UsageError } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";

export const commonOptions: Readonly<Record<string, Option>> = {
  api: {
    value: "URL",
    is: "where the API is (default: RACKWRIGHT_API, or http://127.0.0.1:8750 as npm start has it)",
  },
  "token-file": {
    value: "FILE",
    is: "a file that holds the token (default: the token itself in RACKWRIGHT_TOKEN, or .rackwright/token, which npm start writes)",
  },
  json: { is: "what the API says, unchanged, one line of JSON for each answer" },
  help: { is: "this text" },
};

type Value = string | boolean | readonly (string | boolean)[] | undefined;

export function readCommandLine(
  { name, takes, options }: Command,
  words: readonly string[],
  surroundings: Pick<Surroundings, "readFile" | "now">,
): Given<string> {
  const declared: Readonly<Record<string, Option>> = { ...options, ...commonOptions };
  const { values, positionals } = parsed(name, declared, words);
  if (values["help"] !== true && positionals.length !== takes.length) {
    const wanted = takes.length === 0 ? "no argument is wanted" : `wanted: ${takes.join(" ")}`;
    throw new UsageError(`${name}: ${wanted} (see rackwright ${name} --help)`);
  }
  return givenIn(values, positionals, surroundings);
}

function parsed(name: string, declared: Readonly<Record<string, Option>>, words: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(declared).map(([option, { value, many }]) => [
      option,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: many ?? false },
    ]),
  );
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Node's own text goes on about positional arguments; its first sentence is the one that helps.
    throw new UsageError(
      `${name}: ${message.split(/[.] |\n/)[0] ?? message} (see rackwright ${name} --help)`,
    );
  }
}

function givenIn(
  values: Readonly<Record<string, Value>>,
  positionals: readonly string[],
  { readFile, now }: Pick<Surroundings, "readFile" | "now">,
): Given<string> {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    argument: (index) => positionals[index] ?? "",
    flag: (name) => values[name] === true,
    text,
    texts: (name) => {
      const value = values[name];
      return typeof value === "object" ? value.map(String) : [];
    },
    integer: (name, least, most) => {
      const given = text(name);
      return given === undefined ? undefined : integerIn(name, given, least, most);
    },
    instant: (name) => {
      const given = text(name);
      return given === undefined ? undefined : instantIn(name, given, now());
    },
    file: (name) => {
      const path = text(name);
      if (path === undefined) return undefined;
      try {
        return readFile(path);
      } catch (error) {
        throw new UsageError(`--${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}

function integerIn(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(
    `--${name}: a whole number from ${least} to ${most} is wanted, not ${JSON.stringify(text)}`,
  );
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const isUnit = (text: string | undefined): text is keyof typeof unitMs =>
  text !== undefined && text in unitMs;

/** What can be given where an instant is wanted. */
export const instantForms =
  "2026-11-21T09:30 (your time zone), 2026-11-21T08:30Z, or +90m, +2h, +1d from now";

function instantIn(name: string, text: string, nowMs: number): number {
  const [, count, unit] = /^[+](\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && isUnit(unit)) return nowMs + Number(count) * unitMs[unit];
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return at;
  throw new UsageError(`--${name}: wanted is ${instantForms}, not ${JSON.stringify(text)}`);
}
