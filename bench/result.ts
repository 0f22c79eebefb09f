/** What a benchmark answers with. */

export type Figure = string | number | null;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Figure[])[];
}

/** A count or a ratio that has to hold on every machine, however slow it is; never a time. */
export interface Check {
  readonly what: string;
  readonly holds: boolean;
}

export interface Result {
  /** The last line of `--json`. */
  readonly figures: Readonly<Record<string, unknown>>;
  readonly tables: readonly Table[];
  readonly checks: readonly Check[];
}

export interface Bench {
  readonly name: string;
  /** One sentence: what it measures. */
  readonly measures: string;
  /** `short`: as CI runs it, for its counts and ratios. */
  readonly run: (options: {
    readonly short: boolean;
    readonly say: (line: string) => void;
  }) => Promise<Result>;
}

export const atMost = (what: string, value: number, bound: number): Check => ({
  what: `${what}: ${value} is at most ${bound}`,
  holds: value <= bound,
});

/** To so many digits, without what a floating point number has behind them. */
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

export function asMarkdown({ title, columns, rows }: Table): string {
  const line = (cells: readonly Figure[]): string => `| ${cells.map((each) => each ?? "–").join(" | ")} |`;
  return [`**${title}**`, "", line(columns), line(columns.map(() => "---")), ...rows.map(line), ""].join(
    "\n",
  );
}
