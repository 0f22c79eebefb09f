/**
 * Console servers that a lab may have already: conserver and conman, by their own clients, which only watch. Whoever types
 * there goes on typing.
 */
import * as z from "zod";
import { type ConsoleDriver, consoleHost, consoleOptions } from "./driver.ts";
import { listenTo } from "./program.ts";

const options = z.strictObject({
  name: z
    .string("says what the console server calls the console")
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "is not the name of a console"),
});

/** `-s` spies, `-n` reads no configuration of the account that we run under. */
export const conserver: ConsoleDriver = {
  name: "conserver",
  listen: (console, heard) => {
    const { host, port } = consoleHost("conserver", console.address, 782);
    const { name } = consoleOptions("conserver", options, console);
    return listenTo("console", ["-n", "-M", host, "-p", String(port), "-s", name], {}, console, heard);
  },
};

/** It wants a terminal, even to watch: `script` gives it one. */
export const conman: ConsoleDriver = {
  name: "conman",
  listen: (console, heard) => {
    const { host, port } = consoleHost("conman", console.address, 7890);
    const { name } = consoleOptions("conman", options, console);
    const watch = `exec conman -d ${host}:${port} -m ${name}`;
    return listenTo(
      "script",
      ["--quiet", "--flush", "--return", "--command", watch, "/dev/null"],
      {},
      console,
      heard,
    );
  },
};
