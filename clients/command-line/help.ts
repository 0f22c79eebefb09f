/** The help, made from what the commands declare. */
import type { Command, Option } from "./command.ts";
import { exitMeanings, exits } from "./exit.ts";
import { commonOptions } from "./options.ts";
import { table } from "./text.ts";

const indented = (rows: readonly (readonly string[])[]): string =>
  table(["", ""], rows)
    .slice(1)
    .map((line) => `  ${line}\n`)
    .join("");

const optionRows = (options: Readonly<Record<string, Option>>): readonly (readonly string[])[] =>
  Object.entries(options).map(([name, { value, is }]) => [
    `--${name}${value === undefined ? "" : ` ${value}`}`,
    is,
  ]);

export function help(commands: readonly Command[]): string {
  const names = Object.entries(exits).map(([name, code]) => ({ name, code }));
  return `Rackwright: lab nodes, reserved and handed over.

  rackwright COMMAND [ID] [OPTIONS]

Commands
${indented(commands.map(({ name, takes, is }) => [[name, ...takes].join(" "), is]))}
Options of every command
${indented(optionRows(commonOptions))}
Exit codes
${indented(names.map(({ name, code }) => [String(code), meaningOf(name)]))}`;
}

const meaningOf = (name: string): string =>
  Object.entries(exitMeanings).find(([each]) => each === name)?.[1] ?? name;

export function commandHelp({ name, is, takes, options }: Command): string {
  const own = optionRows(options);
  return `rackwright ${[name, ...takes].join(" ")}: ${is}\n${own.length === 0 ? "" : `\n${indented(own)}`}`;
}
