/** What a command is: its name, what it takes, and what it does with that. */
import type { Client } from "../typescript/client.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Option {
  /** What stands for its value in the help; a flag has none. */
  readonly value?: string;
  /** It may be given several times. */
  readonly many?: true;
  readonly is: string;
}

/** What the caller gave, by the options that the command declares. A value that is wrong throws UsageError. */
export interface Given<Name extends string> {
  /** The argument at this place; the program has checked that each is there. */
  argument(index: number): string;
  flag(name: Name): boolean;
  text(name: Name): string | undefined;
  texts(name: Name): readonly string[];
  integer(name: Name, least: number, most: number): number | undefined;
  /** Milliseconds since 1970. */
  instant(name: Name): number | undefined;
  /** The text of the file that the option names. */
  file(name: Name): string | undefined;
}

export interface Context {
  readonly client: Client;
  readonly surroundings: Surroundings;
  /** Exactly what the API said, and nothing else on the standard output. */
  readonly json: boolean;
  /** A line for people, on the standard output. */
  say(line: string): void;
  /** A line for people that is no result, on the standard error output. */
  note(line: string): void;
  /** A line of JSON, where JSON is wanted; else what `lines` makes of it. */
  show(answer: unknown, lines: () => readonly string[]): void;
}

interface Spec<Name extends string> {
  readonly name: string;
  /** One sentence. */
  readonly is: string;
  /** Its arguments, all of which must be given. */
  readonly takes: readonly string[];
  readonly options: Readonly<Record<Name, Option>>;
  /** Gives the exit code. */
  run(context: Context, given: Given<Name>): Promise<number>;
}

export interface Command extends Omit<Spec<string>, "run"> {
  run(context: Context, given: Given<string>): Promise<number>;
}

/** Ties what a command reads to what it declares. */
export const command = <const Name extends string>(spec: Spec<Name>): Command => ({
  ...spec,
  run: (context, given) => spec.run(context, given),
});
