/** From the words of a command line to an exit code. */
import { createClient } from "../typescript/client.ts";
import type { Command, Context, Given } from "./command.ts";
import { commands as callers } from "./commands/all.ts";
import { completionOf } from "./completion.ts";
import { exitOf, exits, UsageError } from "./exit.ts";
import { commandHelp, help } from "./help.ts";
import { readCommandLine } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import { plain } from "./text.ts";

const defaultApi = "http://127.0.0.1:8750";

export const commands: readonly Command[] = [...callers, completionOf(callers)];

/** Never throws what a person can do something about: that is one line on the standard error output, and its exit code. */
export async function runProgram(words: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    return await run(words, surroundings);
  } catch (error) {
    const code = exitOf(error);
    if (code === null || !(error instanceof Error)) throw error;
    surroundings.error(`rackwright: ${plain(error.message)}\n`);
    return code;
  }
}

async function run(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = words;
  if (name === "--help" || name === "help") {
    surroundings.out(help(commands));
    return exits.done;
  }
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    const what = name === undefined ? "a command is wanted" : `there is no command ${JSON.stringify(name)}`;
    throw new UsageError(`${what} (see rackwright --help)`);
  }
  const given = readCommandLine(command, rest, surroundings);
  if (given.flag("help")) {
    surroundings.out(commandHelp(command));
    return exits.done;
  }
  return command.run(contextOf(given, surroundings), given);
}

function contextOf(given: Given<string>, surroundings: Surroundings): Context {
  const { env, fetch, sleep, out, error } = surroundings;
  const json = given.flag("json");
  const baseUrl = apiAddress(given.text("api") ?? env["RACKWRIGHT_API"]);
  const say = (line: string) => out(`${plain(line)}\n`);
  return {
    client: createClient({
      baseUrl,
      token: token(given, surroundings, baseUrl),
      fetch,
      sleep,
    }),
    surroundings,
    json,
    say,
    note: (line) => error(`rackwright: ${plain(line)}\n`),
    show: (answer, lines) => {
      if (json) out(`${JSON.stringify(answer)}\n`);
      else for (const line of lines()) say(line);
    },
  };
}

function apiAddress(text = defaultApi): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new UsageError(`--api: an address such as ${defaultApi} is wanted, not ${JSON.stringify(text)}`);
}

/** Never an option of its own: other people on the machine can read the arguments of a program. */
function token(given: Given<string>, { env, readFile }: Surroundings, baseUrl: string): string | undefined {
  const named = given.file("token-file") ?? env["RACKWRIGHT_TOKEN"];
  const text = (named ?? localToken(readFile, baseUrl))?.trim();
  if (text === undefined || /^[\x21-\x7e]+$/.test(text)) return text;
  throw new UsageError(
    "the token is one word without spaces: that is not what --token-file or RACKWRIGHT_TOKEN holds",
  );
}

/** That of a stack on this machine, which nobody else is told. */
function localToken(readFile: Surroundings["readFile"], baseUrl: string): string | undefined {
  if (!["127.0.0.1", "localhost"].includes(new URL(baseUrl).hostname)) return undefined;
  try {
    return readFile(".rackwright/token");
  } catch {
    // There is none here: the API says what it thinks of that.
    return undefined;
  }
}
