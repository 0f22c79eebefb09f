/**
 * The journal: one record a line, appended in order, on disk (fsync) before anybody acts on it. After a crash the state is
 * read back from it; an end that was torn is dropped, and said so. It is written anew when it has grown. One process at a
 * time may hold it.
 */
import { existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { JournalId } from "../core/ids.ts";
import { isAlive, startOf } from "./living.ts";
import { type AgentState, apply, compacted, emptyState, type JournalRecord, record } from "./state.ts";

export interface Journal {
  readonly state: AgentState;
  /** Which journal this is. */
  readonly id: JournalId;
  /** Changes the state at once; resolves when the records are on disk. */
  append(...records: readonly JournalRecord[]): Promise<void>;
  bytes(): number;
  close(): Promise<void>;
}

/** Another daemon holds the journal. */
export class JournalHeld extends Error {
  override readonly name = "JournalHeld";
}

export interface JournalSettings {
  readonly dir: string;
  readonly now: () => number;
  /** For a journal that is new. */
  readonly newId: () => JournalId;
  readonly warn: (message: string) => void;
  /** Something could not be written: nothing that it was about may be done. */
  readonly failed: (error: unknown) => void;
  /** It is written anew when it has grown beyond this, and beyond twice what it was when it was written last. */
  readonly compactBeyondBytes?: number;
}

const compactBeyond = 4 * 1024 * 1024;

interface Waiting {
  readonly text: string;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export async function openJournal({
  dir,
  now,
  newId,
  warn,
  failed: tell,
  compactBeyondBytes = compactBeyond,
}: JournalSettings): Promise<Journal> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const release = hold(dir);
  const file = join(dir, "journal.jsonl");
  const state = emptyState();
  const whole = recover(file, state, warn);
  let handle = await open(file, "a", 0o600);
  await handle.truncate(whole);
  let bytes = whole;
  let compactAt = compactBeyondBytes;
  let pending: Waiting[] = [];
  let writing: Promise<void> | null = null;
  if (bytes > compactAt) await rewrite();

  /** The shortest journal that adds up to the state, which has everything in it that waits to be written. */
  async function rewrite(): Promise<void> {
    const text = compacted(state, now())
      .map((each) => `${JSON.stringify(each)}\n`)
      .join("");
    const fresh = await open(`${file}.new`, "w", 0o600);
    await fresh.write(text);
    await fresh.sync();
    await rename(`${file}.new`, file);
    // The name leads to it from here on: what is appended comes behind what was just written.
    const old = handle;
    handle = fresh;
    bytes = Buffer.byteLength(text);
    compactAt = Math.max(compactBeyondBytes, 2 * bytes);
    await old.close();
    await syncFolder(dir);
  }

  /** One write and one fsync for all that came in meanwhile. */
  async function drain(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        if (bytes > compactAt) {
          await rewrite();
        } else {
          const text = batch.map((each) => each.text).join("");
          await handle.write(text);
          await handle.datasync();
          bytes += Buffer.byteLength(text);
        }
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
        tell(error);
      }
    }
    writing = null;
  }

  function append(...records: readonly JournalRecord[]): Promise<void> {
    for (const each of records) apply(state, each);
    const text = records.map((each) => `${JSON.stringify(each)}\n`).join("");
    return new Promise((done, failed) => {
      pending.push({ text, done, failed });
      writing ??= drain();
    });
  }

  const id = state.journal ?? newId();
  if (state.journal === null) {
    await append({ t: "journal", id });
    await syncFolder(dir);
  }
  return {
    state,
    id,
    append,
    bytes: () => bytes,
    close: async () => {
      await writing;
      await handle.close();
      release();
    },
  };
}

/** A new name in a folder is on disk when the folder is. */
async function syncFolder(dir: string): Promise<void> {
  const folder: FileHandle = await open(dir, "r");
  await folder.sync();
  await folder.close();
}

/**
 * Reads what there is; returns how many bytes of it are whole. What cannot be read at the end was being written when the
 * power went: nobody acted on it. Anything unreadable before that is damage, and is refused.
 */
function recover(file: string, state: AgentState, warn: (message: string) => void): number {
  if (!existsSync(file)) return 0;
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  const read = lines.map((line) => recordIn(line));
  const unread = read.findIndex((each) => !each.ok);
  const last = lines.length - 1;
  // A record is whole only with the end of its line; a file system may leave zeros where it had not written yet.
  const torn = unread === last || (text.includes("\0") && read.slice(unread).every((each) => !each.ok));
  const count = torn ? unread : last;
  for (const [index, each] of read.slice(0, count).entries()) {
    if (!each.ok) {
      throw new Error(
        `${file}, line ${index + 1} cannot be read (${each.why}): move the file away only if no command is under way`,
      );
    }
    apply(state, each.record);
  }
  const whole = Buffer.byteLength(
    lines
      .slice(0, count)
      .map((line) => `${line}\n`)
      .join(""),
  );
  const lost = Buffer.byteLength(text) - whole;
  if (lost > 0) {
    warn(`the end of ${file} was torn and is dropped: ${lost} bytes of a record that nobody acted on`);
  }
  return whole;
}

type Read =
  | { readonly ok: true; readonly record: JournalRecord }
  | { readonly ok: false; readonly why: string };

function recordIn(line: string): Read {
  try {
    return { ok: true, record: record.parse(JSON.parse(line)) };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message.slice(0, 200) : String(error) };
  }
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
