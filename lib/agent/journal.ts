/**
 * The journal: one record a line, appended in order, on disk (fsync) before anybody acts on it. After a crash the state is
 * read back from it; a last line that was torn is dropped, and said so. One process at a time may hold it.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, startOf } from "./living.ts";
import { type AgentState, apply, compacted, emptyState, type JournalRecord, record } from "./state.ts";

export interface Journal {
  readonly state: AgentState;
  /** Changes the state at once; resolves when the records are on disk. */
  append(...records: readonly JournalRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Another daemon holds the journal. */
export class JournalHeld extends Error {
  override readonly name = "JournalHeld";
}

/** A journal that has grown beyond this is written anew when the agent starts. */
const compactBeyondBytes = 4 * 1024 * 1024;

export async function openJournal(
  dir: string,
  now: () => number,
  warn: (message: string) => void,
): Promise<Journal> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const release = hold(dir);
  const file = join(dir, "journal.jsonl");
  const state = emptyState();
  const size = recover(file, state, warn);
  if (size > compactBeyondBytes) compact(file, state, now());

  const handle = await open(file, "a", 0o600);
  let pending: { text: string; done: () => void; failed: (error: unknown) => void }[] = [];
  let writing: Promise<void> | null = null;

  /** One write and one fsync for all that came in meanwhile. */
  async function drain(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        await handle.write(batch.map(({ text }) => text).join(""));
        await handle.datasync();
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    writing = null;
  }

  return {
    state,
    append: (...records) => {
      for (const each of records) apply(state, each);
      const text = records.map((each) => `${JSON.stringify(each)}\n`).join("");
      return new Promise((done, failed) => {
        pending.push({ text, done, failed });
        writing ??= drain();
      });
    },
    close: async () => {
      await writing;
      await handle.close();
      release();
    },
  };
}

/** Reads what there is; returns the file's size. Only the last line may be torn: anything else is damage, and is refused. */
function recover(file: string, state: AgentState, warn: (message: string) => void): number {
  if (!existsSync(file)) return 0;
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  const torn = lines.pop() ?? "";
  for (const [index, line] of lines.entries()) {
    try {
      apply(state, record.parse(JSON.parse(line)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${file}, line ${index + 1} cannot be read (${why}): move the file away only if no command is under way`,
      );
    }
  }
  if (torn !== "") {
    warn(
      `the last record of ${file} was torn and is dropped: ${torn.length} bytes of a record that nobody acted on`,
    );
    writeFileSync(`${file}.new`, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return text.length;
}

function compact(file: string, state: AgentState, now: number): void {
  const records = compacted(state, now);
  const descriptor = openSync(`${file}.new`, "w", 0o600);
  writeSync(descriptor, records.map((each) => `${JSON.stringify(each)}\n`).join(""));
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(`${file}.new`, file);
}

/** The lock names a process by id and start time: one that is gone holds nothing. */
function hold(dir: string): () => void {
  const lock = join(dir, "lock");
  const mine = `${process.pid} ${startOf(process.pid)}`;
  const holder = existsSync(lock) ? readFileSync(lock, "utf8") : mine;
  const [pid, start = null] = holder.split(" ");
  if (holder !== mine && isAlive({ pid: Number(pid), start })) {
    throw new JournalHeld(`another rackwright-agent (process ${pid}) holds ${dir}: stop it first`);
  }
  writeFileSync(lock, mine, { mode: 0o600 });
  return () => unlinkSync(lock);
}
