/**
 * Where a journal is kept. What was appended counts only when it was synced; what replaces everything is there as a whole
 * or not at all. The folder on a real disk is here; the simulation has one that loses what was not synced.
 */
import { existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, startOf } from "./living.ts";

export interface JournalDisk {
  /** For messages to people. */
  readonly name: string;
  /** Takes hold of it and reads what there is; nobody else may hold it until it is closed. */
  open(): Promise<string>;
  /** Forgets what lies behind so many bytes. */
  cut(bytes: number): Promise<void>;
  append(text: string): Promise<void>;
  /** Resolves when everything that was appended outlives a loss of power. */
  sync(): Promise<void>;
  /** In place of everything that is there, synced. */
  replace(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Another daemon holds the journal. */
export class JournalHeld extends Error {
  override readonly name = "JournalHeld";
}

/** One file in a folder that only its owner can read. */
export function fileDisk(dir: string): JournalDisk {
  const file = join(dir, "journal.jsonl");
  let release: () => void = () => {};
  let handle: FileHandle | null = null;
  /** The file is new: its name is on disk only when the folder is. */
  let unnamed = false;
  const opened = (): FileHandle => {
    if (handle === null) throw new Error(`${file} is not open`);
    return handle;
  };

  return {
    name: file,
    open: async () => {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      release = hold(dir);
      unnamed = !existsSync(file);
      const text = unnamed ? "" : readFileSync(file, "utf8");
      handle = await open(file, "a", 0o600);
      return text;
    },
    cut: (bytes) => opened().truncate(bytes),
    append: async (text) => {
      await opened().write(text);
    },
    sync: async () => {
      await opened().datasync();
      if (unnamed) await syncFolder(dir);
      unnamed = false;
    },
    replace: async (text) => {
      const fresh = await open(`${file}.new`, "w", 0o600);
      await fresh.write(text);
      await fresh.sync();
      await rename(`${file}.new`, file);
      // The name leads to it from here on: what is appended comes behind what was just written.
      const old = opened();
      handle = fresh;
      await old.close();
      await syncFolder(dir);
    },
    close: async () => {
      await opened().close();
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
