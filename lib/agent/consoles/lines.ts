/** Makes lines of what a console prints: whatever moves a cursor, colours or rings is left out. Pure. */

/** A line that does not end is cut here. */
const longestLine = 2000;

const escapeByte = "\u001b";
/** Where a screen is drawn instead of lines printed, a place that is gone to begins a line. */
const moves = new RegExp(`${escapeByte}\\[[0-9;]*[HfJd]`, "g");
const sequences = [
  // Colours, modes, movements.
  new RegExp(`${escapeByte}\\[[0-?]*[ -/]*[@-~]`, "g"),
  // Titles and the like, which end with a bell or with a string terminator.
  new RegExp(`${escapeByte}[\\]PX^_][^\u0007${escapeByte}]*(?:\u0007|${escapeByte}\\\\)`, "g"),
  new RegExp(`${escapeByte}[ -/]*[0-~]`, "g"),
];

/** As a person would read it; of a line that was written over, what stood there last. */
export function readable(line: string): string {
  const text = sequences.reduce((left, sequence) => left.replace(sequence, ""), line);
  const last = text.split("\r").findLast((part) => part.trim() !== "") ?? "";
  return last.replaceAll("\t", " ").replaceAll(/\p{Cc}/gu, "");
}

export interface LinesRead {
  /** Those that have ended, without empty ones. */
  readonly lines: readonly string[];
  /** What has been printed since: a prompt, or the beginning of a line. */
  readonly pending: string;
}

/** Bytes may be cut anywhere, within a character or a sequence too. */
export function lineReader(): (bytes: Uint8Array) => LinesRead {
  const decoder = new TextDecoder();
  let rest = "";
  return (bytes) => {
    rest = `${rest}${decoder.decode(bytes, { stream: true })}`.replace(moves, "\n");
    const ended = rest.split("\n");
    rest = ended.pop() ?? "";
    if (rest.length > longestLine) {
      ended.push(rest);
      rest = "";
    }
    const lines = ended.map((line) => readable(line).trimEnd()).filter((line) => line !== "");
    return { lines, pending: readable(rest) };
  };
}
