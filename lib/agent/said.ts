/** What tools print is kept with the command, so that an operator sees what ipmitool said: bounded, secrets masked (R62). */
import type { RunTool } from "../drivers/tool.ts";

const mostKept = 2000;

export interface Said {
  note(line: string): void;
  /** The tool, listened to. */
  listen(tool: RunTool): RunTool;
  masked(text: string): string;
  /** The end of what was said; null if nothing was. */
  text(): string | null;
}

export function said(secrets: readonly string[]): Said {
  let kept = "";
  const note = (line: string): void => {
    kept = `${kept}${kept === "" ? "" : "\n"}${masked(line, secrets)}`;
    if (kept.length > mostKept) kept = `…${kept.slice(1 - mostKept)}`;
  };
  return {
    note,
    listen: (tool) => async (program, args, input, signal) => {
      const result = await tool(program, args, input, signal);
      const { code, stdout, stderr, elapsedMs } = result;
      const end = code === null ? "ended at its time-out" : `exit ${code}`;
      note(`$ ${[program, ...args].join(" ")}  (${end}, ${(elapsedMs / 1000).toFixed(1)} s)`);
      for (const text of [stdout, stderr]) if (text.trim() !== "") note(text.trimEnd());
      return result;
    },
    masked: (text) => masked(text, secrets),
    text: () => (kept === "" ? null : kept),
  };
}

/** The secret itself, and as it looks in a URL, in JSON and in a Basic header. */
export function masked(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .filter((each) => each !== "")
    .flatMap((each) => [
      each,
      encodeURIComponent(each),
      JSON.stringify(each).slice(1, -1),
      Buffer.from(each).toString("base64"),
    ])
    .sort((a, b) => b.length - a.length);
  return forms.reduce((left, form) => left.replaceAll(form, "•••"), text);
}
