/** What the program takes from the world around it, so that a test can be that world. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  /** Whether the standard output is a terminal, which can be drawn on. */
  readonly isTerminal: boolean;
  columns(): number;
  out(text: string): void;
  error(text: string): void;
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Throws where the file cannot be read. */
  readFile(path: string): string;
  /** Runs a program in the terminal of this one, and gives its exit code. */
  runProgram(file: string, words: readonly string[]): Promise<number>;
}
