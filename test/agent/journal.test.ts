import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { judge } from "../../lib/agent/intake.ts";
import { type Journal, JournalHeld } from "../../lib/agent/journal.ts";
import { type AgentState, apply, compacted, emptyState, merged } from "../../lib/agent/state.ts";
import { branded, isLabId } from "../../lib/core/ids.ts";
import { after, type Instant, instant } from "../../lib/core/time.ts";
import { temporaryFolder } from "../support/stack.ts";
import { aCommand, aJournal, journalId } from "./support.ts";

let folder: ReturnType<typeof temporaryFolder>;
let journal: Journal | null = null;
const warnings: string[] = [];
const open = async (): Promise<Journal> => {
  journal = await aJournal(folder.path, { warn: (message) => warnings.push(message) });
  return journal;
};
const shut = async (): Promise<void> => {
  await journal?.close();
  journal = null;
};
beforeEach(() => {
  folder = temporaryFolder();
  warnings.length = 0;
});
afterEach(async () => {
  await shut();
  folder.remove();
});

describe("the journal", () => {
  test("what was appended is there after the process is gone", async () => {
    const command = aCommand();
    const first = await open();
    await first.append(
      { t: "accepted", command },
      { t: "started", id: command.id, at: 5 },
      { t: "acting", id: command.id, action: 0 },
    );
    await shut();
    const second = await open();
    expect(second.state.commands.get(command.id)).toEqual({ command, startedAt: 5, acting: 0, result: null });
    expect(second.state.epochs.get(command.node)).toBe(command.epoch);
  });

  test("a last record that was torn is dropped, and said so; everything before it is kept", async () => {
    const command = aCommand();
    const first = await open();
    await first.append({ t: "accepted", command });
    await shut();
    const file = join(folder.path, "journal.jsonl");
    appendFileSync(file, '{"t":"started","id":"jo');
    const second = await open();
    expect(second.state.commands.get(command.id)?.startedAt).toBeNull();
    expect(warnings[0]).toContain("torn");
    await second.append({ t: "started", id: command.id, at: 7 });
    await shut();
    expect((await open()).state.commands.get(command.id)?.startedAt).toBe(7);
  });

  test("what a file system left as zeros when the power went is dropped likewise", async () => {
    const command = aCommand();
    const first = await open();
    await first.append({ t: "accepted", command });
    await shut();
    appendFileSync(join(folder.path, "journal.jsonl"), "\0\0\0\0\n\0\0");
    const second = await open();
    expect(second.state.commands.get(command.id)?.command).toEqual(command);
    expect(warnings[0]).toContain("7 bytes");
  });

  test("damage anywhere else is not glossed over", async () => {
    writeFileSync(join(folder.path, "journal.jsonl"), "not a record\n");
    await expect(open()).rejects.toThrow("line 1 cannot be read");
  });

  test("a second agent on the same journal is refused", async () => {
    await open();
    const holder = readFileSync(join(folder.path, "lock"), "utf8");
    // Held by another process that lives: the one that started this test.
    const parent = readFileSync(`/proc/${process.ppid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
    writeFileSync(join(folder.path, "lock"), `${process.ppid} ${parent}`);
    await expect(aJournal(folder.path)).rejects.toThrow(JournalHeld);
    writeFileSync(join(folder.path, "lock"), holder);
  });

  test("it is readable by its owner only: it holds boot tokens", async () => {
    await open();
    expect(statSync(join(folder.path, "journal.jsonl")).mode & 0o077).toBe(0);
  });

  test("compaction adds up to the same state, without what nobody asks about any more", () => {
    const state = emptyState();
    const [old, recent, open] = [aCommand({ node: "a" }), aCommand({ node: "b" }), aCommand({ node: "c" })];
    const finished = (command: typeof old, endedAt: number) =>
      ({
        t: "finished",
        result: {
          command: command.id,
          node: command.node,
          epoch: command.epoch,
          status: "completed",
          startedAt: null,
          endedAt: instant(endedAt),
          results: [],
          reason: null,
        },
      }) as const;
    const now = 100 * 3_600_000;
    for (const record of [
      { t: "accepted", command: old } as const,
      finished(old, 0),
      { t: "accepted", command: recent } as const,
      finished(recent, now - 1000),
      { t: "accepted", command: open } as const,
      { t: "sent", seq: 41 } as const,
    ]) {
      apply(state, record);
    }
    const again = emptyState();
    for (const record of compacted(state, now)) apply(again, record);
    expect([...again.commands.keys()]).toEqual([recent.id, open.id]);
    expect(again.epochs).toEqual(state.epochs);
    expect(again.lastSeq).toBe(41);
  });

  test("served ranges are merged", () => {
    expect(
      merged([
        [0, 10],
        [20, 30],
        [10, 20],
      ]),
    ).toEqual([[0, 30]]);
    expect(
      merged([
        [5, 6],
        [0, 2],
      ]),
    ).toEqual([
      [0, 2],
      [5, 6],
    ]);
  });
});

describe("intake", () => {
  const lab = branded(isLabId, "blue");
  const now = instant(Date.now());
  const judgeAt = (given: unknown, state: AgentState, at: Instant) =>
    judge(given, { state, lab, journal: journalId }, at);
  const holding = (...commands: ReturnType<typeof aCommand>[]) => {
    const state = emptyState();
    for (const command of commands) apply(state, { t: "accepted", command });
    return state;
  };

  test("a command that is known is not taken again, however often it is delivered", () => {
    const command = aCommand();
    expect(judgeAt(command, holding(command), now)).toMatchObject({ verdict: "known", status: "queued" });
  });

  test("one with a lower epoch than the highest seen for its node is superseded", () => {
    const [old, young] = [aCommand({ epoch: 4 }), aCommand({ epoch: 5 })];
    expect(judgeAt(old, holding(young), now)).toMatchObject({
      verdict: "refused",
      reason: expect.stringContaining("superseded"),
    });
    expect(judgeAt(aCommand({ epoch: 5 }), holding(young), now)).toMatchObject({ verdict: "refused" });
  });

  test("one that only reads what a console printed has no place in that order: it is taken, and ends nothing", () => {
    const waiting = aCommand({ epoch: 5 });
    for (const epoch of [4, 5, 6]) {
      const look = aCommand({ epoch, actions: [{ verb: "console.tail", lines: 40 }] });
      expect(judgeAt(look, holding(waiting), now)).toMatchObject({ verdict: "accepted", aborts: [] });
    }
  });

  test("one that comes after its notAfter is expired, and the control plane is told", () => {
    const command = aCommand({ startsWithinMs: 10 });
    const verdict = judgeAt(command, emptyState(), after(now, 60_000));
    expect(verdict).toMatchObject({ verdict: "refused", result: { status: "expired", command: command.id } });
  });

  test("a newer command aborts those of its node that have not begun", () => {
    const [waiting, running, elsewhere] = [
      aCommand({ epoch: 1 }),
      aCommand({ epoch: 2 }),
      aCommand({ node: "b", epoch: 1 }),
    ];
    const state = holding(waiting, running, elsewhere);
    apply(state, { t: "started", id: running.id, at: 1 });
    const verdict = judgeAt(aCommand({ epoch: 9 }), state, now);
    expect(verdict.verdict === "accepted" && verdict.aborts.map(({ id }) => id)).toEqual([waiting.id]);
  });

  test("another lab's command is refused", () => {
    expect(judgeAt(aCommand({ lab: "green" }), emptyState(), now)).toMatchObject({
      reason: "it is for lab green, this controller serves blue",
    });
  });

  test.each([
    ["a verb that nobody knows", { actions: [{ verb: "rm -rf" }] }, "actions.0.verb"],
    ["no actions", { actions: [] }, "actions"],
    ["a node that is a path", { node: "../../etc" }, "node"],
    [
      "a credential that is a path",
      { target: { macs: [], power: { ...aCommand().target.power, credential: "../../etc/shadow" } } },
      "credential",
    ],
    ["a field too many", { surprise: true }, "surprise"],
  ])("%s is refused with a word on where", (_what, change, where) => {
    const verdict = judgeAt({ ...aCommand(), ...change }, emptyState(), now);
    expect(verdict).toMatchObject({
      verdict: "refused",
      result: null,
      reason: expect.stringContaining(where),
    });
  });
});
