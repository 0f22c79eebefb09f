/**
 * The journal: one record a line, appended in order, on disk (fsync) before anybody acts on it. After a crash the state is
 * read back from it; an end that was torn is dropped, and said so. It is written anew when it has grown. One process at a
 * time may hold it. Where it is kept is a port (journal-disk.ts): a folder, or a disk in memory that forgets what was not
 * synced.
 */
import type { JournalId } from "../core/ids.ts";
import { fileDisk, type JournalDisk } from "./journal-disk.ts";
import { type AgentState, apply, compacted, emptyState, type JournalRecord, record } from "./state.ts";

export { JournalHeld } from "./journal-disk.ts";

export interface Journal {
  readonly state: AgentState;
  /** Which journal this is. */
  readonly id: JournalId;
  /** Changes the state at once; resolves when the records are on disk. */
  append(...records: readonly JournalRecord[]): Promise<void>;
  bytes(): number;
  close(): Promise<void>;
}

export interface JournalSettings {
  /** Where it is kept, if no disk is given. */
  readonly dir: string;
  readonly disk?: JournalDisk;
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
  disk = fileDisk(dir),
  now,
  newId,
  warn,
  failed: tell,
  compactBeyondBytes = compactBeyond,
}: JournalSettings): Promise<Journal> {
  const state = emptyState();
  const whole = recover(await disk.open(), disk.name, state, warn);
  await disk.cut(whole);
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
    await disk.replace(text);
    bytes = Buffer.byteLength(text);
    compactAt = Math.max(compactBeyondBytes, 2 * bytes);
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
          await disk.append(text);
          await disk.sync();
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
  if (state.journal === null) await append({ t: "journal", id });
  return {
    state,
    id,
    append,
    bytes: () => bytes,
    close: async () => {
      await writing;
      await disk.close();
    },
  };
}

/**
 * Reads what there is; returns how many bytes of it are whole. What cannot be read at the end was being written when the
 * power went: nobody acted on it. Anything unreadable before that is damage, and is refused.
 */
function recover(text: string, file: string, state: AgentState, warn: (message: string) => void): number {
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
  if (line === "") return { ok: false, why: "it is empty" };
  try {
    return { ok: true, record: record.parse(JSON.parse(line)) };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message.slice(0, 200) : String(error) };
  }
}
