/** Made-up labs of any size, in the store in memory: what the widgets are shown to draw. */

import { foundLate, fullBudget } from "../../lib/core/correction/budget.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import * as ids from "../../lib/core/ids.ts";
import type { JobRun, NodeState, Provision } from "../../lib/core/node/node.ts";
import { after, type Instant, instant } from "../../lib/core/time.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import type { Store, Write } from "../../lib/ports/store.ts";
import { aReservation, image, spec, World } from "../core/world.ts";
import { aNode, anEntry, anIssue } from "../support/samples.ts";

export const now: Instant = instant(Date.UTC(2026, 10, 24, 12));
const reservation = ids.branded(ids.isReservationId, "course-17");
const labs = ["blue", "green", "machine-hall"].map((lab) => ids.branded(ids.isLabId, lab));
/** What a hostile machine might say of itself, and a hostile user. */
export const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script></cwdb-action>"'`;

/** A job in the middle of things, as the shipped programs make it. */
function jobOf(change: Partial<JobRun>): JobRun {
  const world = new World().makeAvailable();
  const request = {
    id: ids.branded(ids.isJobId, "reload-1"),
    program: "reload",
    target: { image: image.image, revision: image.revision },
    requestedBy: { kind: "operator", name: "ada" },
    requestedAt: world.now,
  } as const;
  world.tell({ kind: "job", request, actor: request.requestedBy });
  const { provision } = world.node;
  if (!("job" in provision) || provision.job === null) throw new Error("a node that is loaded has a job");
  const clocks = {
    noProgressMs: 180_000,
    noProgressBy: after(now, 70_000),
    overallBy: after(now, 2_400_000),
  };
  return {
    ...provision.job,
    startedAt: instant(now - 420_000),
    stage: "load",
    step: "write-image",
    stepSince: instant(now - 300_000),
    awaits: "the checksum of what is on the disk",
    command: null,
    clocks,
    ...change,
  };
}

const running = jobOf({});
const lateOf = (said: string): JobRun =>
  jobOf({
    stage: "post-load",
    step: "wait-for-os",
    attempt: 2,
    awaits: "the operating system's word that it runs",
    clocks: {
      noProgressMs: 180_000,
      noProgressBy: instant(now - 95_000),
      overallBy: after(now, 1_200_000),
    },
    correction: {
      rung: 2,
      late: true,
      budgetAt: null,
      observation: {
        power: "on",
        at: instant(now - 40_000),
        console: [
          "[    4.118231] nvme nvme0: 8/0/0 default/read/poll queues",
          "[   12.402377] EXT4-fs (nvme0n1p2): mounted filesystem",
          `[   13.000001] ${said}`,
          "[  612.771020] INFO: task systemd:1 blocked for more than 120 seconds.",
        ],
      },
    },
  });

/** What the node at this place is doing: most are at rest or in use, some are busy, a few are in trouble. */
function provisionOf(index: number, late: JobRun): Provision {
  if (index % 97 === 5)
    return {
      state: "quarantined",
      fault: nodeFault(
        "bmc-unreachable",
        "its BMC at 10.20.0.17 has not answered for five minutes: see whether it has power and network",
      ),
    };
  if (index % 29 === 3) return { state: "configuring", reservation, job: late };
  if (index % 7 === 2) return { state: "loading", reservation, job: running };
  if (index % 11 === 6) return { state: "reclaiming", reservation, job: running };
  if (index % 3 === 1) return { state: "in-use", reservation, grantedAt: now, introducedAt: null, job: null };
  return { state: "available" };
}

export const nodeName = (index: number): string => `node-${String(index + 1).padStart(4, "0")}`;

function nodeAt(index: number, nodes: number, late: JobRun, said: string): NodeState {
  const provision = provisionOf(index, late);
  const lab = labs[Math.floor((index / nodes) * labs.length)] ?? labs[0];
  const rack = `r${String(Math.floor(index / 40) + 1).padStart(3, "0")}`;
  const job = "job" in provision ? provision.job : null;
  const made = aNode();
  return {
    ...made,
    id: ids.branded(ids.isNodeId, nodeName(index)),
    ...(lab === undefined ? {} : { lab }),
    class: "standard",
    rack,
    tags: ["nvme"],
    version: 3,
    provision,
    since: instant(now - 900_000),
    administrative: {
      ...made.administrative,
      state: index % 31 === 4 ? "offline" : "online",
      reason: index % 31 === 4 ? `memory test ${said}` : null,
      since: instant(now - 3_600_000),
    },
    operation: {
      ...made.operation,
      phase: job === late ? "kernel" : job === running ? "build" : "run",
      since: instant(now - 620_000),
    },
    power: { observed: "on", at: instant(now - 40_000) },
    due: job === null ? null : job.clocks.noProgressBy,
  };
}

/** `said`: what its nodes and users say of themselves. Labs with so many nodes, reservations, a waiting line, one silent controller and one suspect lab. */
export async function storeWith(nodes: number, said = hostile, store: Store = memoryStore()): Promise<Store> {
  const late = lateOf(said);
  const put = async (writes: readonly Write[]) => {
    for (let from = 0; from < writes.length; from += 100) await store.commit(writes.slice(from, from + 100));
  };
  await put(
    Array.from(
      { length: nodes },
      (_, index): Write => ({ kind: "node", value: nodeAt(index, nodes, late, said), expect: "absent" }),
    ),
  );
  // What is released is looked at by its machine: the quarantined node is described.
  const [lab] = labs;
  const described = ids.branded(ids.isNodeId, nodeName(5));
  if (lab !== undefined)
    await put([{ kind: "node-spec", value: { ...spec, id: described, lab }, expect: "absent" }]);
  await put(labs.flatMap((lab, index) => labOf(lab, index, Math.ceil(nodes / labs.length))));
  await put(reservationsOf(said));
  await put(await storyOf(store, nodeName(3), said));
  return store;
}

function labOf(lab: (typeof labs)[number], index: number, nodes: number): Write[] {
  const controllers = [0, 1].map((each) =>
    ids.branded(ids.isControllerId, `mi-${String(index * 2 + each).padStart(17, "0")}`),
  );
  const full = fullBudget(lab, defaultPolicy.budget, now, nodes);
  const spent = { ...full, tokens: full.tokens - index * 7 };
  const names = Array.from({ length: index * 6 }, (_, each) => ids.branded(ids.isNodeId, nodeName(each)));
  const budget = names.reduce(
    (made, name) =>
      foundLate(made, { ...defaultPolicy.budget, suspectShare: 0 }, name, instant(now - 240_000)),
    spent,
  );
  return [
    {
      kind: "lab",
      value: {
        id: lab,
        version: 1,
        controllers,
        classes: ["standard"],
        correction: index === 1 ? "observe" : "act",
        overrides: null,
        switches: {},
        biosProfiles: {},
      },
      expect: "absent",
    },
    { kind: "budget", value: index < 2 ? { ...budget, suspect: null } : budget, expect: "absent" },
    ...controllers.map(
      (id, each): Write => ({
        kind: "controller",
        value: {
          id,
          version: 1,
          journal: ids.branded(ids.isJournalId, "0123456789abcdef"),
          candidate: null,
          reachable: index + each < 3,
        },
        expect: "absent",
      }),
    ),
  ];
}

function reservationsOf(said: string): Write[] {
  const states = ["in-use", "loading", "reserved", "reclaim", "new", "new", "new"] as const;
  return states.map((state, index): Write => {
    const name = (at: number) => ids.branded(ids.isNodeId, nodeName(at));
    const start = state === "new" ? after(now, 600_000 * index) : instant(now - 600_000);
    return {
      kind: "reservation",
      value: aReservation(now, {
        id: index === 0 ? reservation : ids.branded(ids.isReservationId, `res-${index}`),
        owner: index === 1 && said === hostile ? hostile : (["ada", "grace", "linus"][index % 3] ?? "ada"),
        state,
        createdAt: instant(now - 1_000_000 + index),
        start,
        end: after(start, 5_400_000 + index * 600_000),
        count: 1 + index,
        nodes: state === "new" ? [] : Array.from({ length: 1 + index }, (_, each) => name(1 + 3 * each)),
        placed: index === 5 ? [name(7)] : [],
        due: after(now, 60_000),
      }),
      expect: "absent",
    };
  });
}

async function storyOf(store: Store, id: string, said: string): Promise<Write[]> {
  const node = await store.read("node", id);
  if (node === null) throw new Error(`no node ${id}`);
  const told = [
    ["available", "reserved", "claimed by reservation course-17", null],
    [
      "reserved",
      "loading",
      "the right image is not proved to be on it: loading demo",
      "power read back: off",
    ],
    ["loading", "configuring", "bits verified and booted", "sha256 of what is on the disk: abababab…"],
  ] as const;
  return [
    ...told.map(
      ([from, to, why, evidence], index): Write => ({
        kind: "timeline",
        value: anEntry(node, index + 1, {
          at: instant(now - 600_000 + index * 180_000),
          from,
          to,
          why,
          evidence,
          attempt: 2,
          correction: index === 2 ? "power-cycle" : null,
        }),
        expect: "absent",
      }),
    ),
    {
      kind: "issue",
      value: anIssue(node, {
        openedAt: instant(now - 500_000),
        fault: nodeFault("hung-in-kernel", `it hung in kernel for ten minutes: ${said}`),
      }),
      expect: "absent",
    },
  ];
}
