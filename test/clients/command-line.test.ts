/** The command line against an API that answers as it is told. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { exits } from "../../clients/command-line/exit.ts";
import { commands, runProgram } from "../../clients/command-line/program.ts";
import type { Surroundings } from "../../clients/command-line/surroundings.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";
import { failed, loading, loadingNode, nowMs, ready, readyNode, refuses, says } from "./samples.ts";

const root = join(import.meta.dirname, "../..");
const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbc ada@home";
const files: Readonly<Record<string, string>> = {
  "key.pub": `${publicKey}\n`,
  key: "-----BEGIN OPENSSH PRIVATE KEY-----\n",
  token: "t0ken\n",
  "two-words": "no token",
};

let server: ScriptedServer;
const programs: (readonly string[])[] = [];

beforeAll(async () => {
  process.env["TZ"] = "UTC";
  server = await startScriptedServer();
});
beforeEach(() => {
  programs.length = 0;
});
afterAll(() => server.stop());

/** Runs one command line, on a clock that goes on when it sleeps. */
async function rackwright(line: string, also: Partial<Surroundings> = {}) {
  let [out, error, now] = ["", "", nowMs];
  const code = await runProgram(line.split(" "), {
    env: { RACKWRIGHT_API: server.endpoint, USER: "ada" },
    fetch,
    isTerminal: false,
    columns: () => 60,
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`there is no file ${path}`);
      return text;
    },
    runProgram: async (file, words) => {
      programs.push([file, ...words]);
      return 7;
    },
    ...also,
  });
  return { code, out, error };
}

const lines = () => server.calls.map(({ line }) => line);

describe("rackwright console", () => {
  const answer = (after: number, ...texts: readonly string[]) =>
    says({ node: "node-01", lines: texts.map((text) => ({ at: nowMs, text })), readAt: nowMs, after });

  test("prints the last lines and goes on from where they end, until the node is not the caller's any more", async () => {
    server.play([
      answer(7, "Booting from ROM..", "\u001b[2Jlogin:"),
      answer(7),
      answer(9, "root"),
      refuses(404, "not-found"),
    ]);
    const { code, out, error } = await rackwright("console node-01");
    expect(out.split("\n").map((line) => line.slice(20))).toEqual([
      "Booting from ROM..",
      "?[2Jlogin:",
      "root",
      "",
    ]);
    expect(lines().slice(1)).toEqual(
      [7, 7, 9].map((at) => `GET /v1/nodes/node-01/console?after=${at}&waitSeconds=20`),
    );
    expect(code).not.toBe(exits.done);
    expect(error).not.toBe("");
  });

  test("--once ends with the last lines that are known", async () => {
    server.play([answer(7, "login:")]);
    const { code, out } = await rackwright("console node-01 --once --json");
    expect([code, JSON.parse(out)]).toMatchObject([exits.done, { after: 7 }]);
    expect(lines()).toHaveLength(1);
  });
});

describe("rackwright power", () => {
  const job = { id: "job-1", kind: "power-cycle", node: "node-01" };

  test("asks as an operator for any node, and as a user for one of his own", async () => {
    server.play([says(job, 202), says(job, 202)]);
    const any = await rackwright("power node-01 cycle --reason hangs");
    const own = await rackwright("power node-01 cycle --reservation res-1");
    expect([any.code, own.code]).toEqual([exits.done, exits.done]);
    expect(any.out).toBe("node-01: power-cycle is asked for, job job-1\n");
    expect(server.calls).toMatchObject([
      { line: "POST /v1/nodes/node-01/power", body: { change: "cycle", reason: "hangs" } },
      { line: "POST /v1/reservations/res-1/power", body: { node: "node-01", change: "cycle" } },
    ]);
  });

  test("knows three changes", async () => {
    expect((await rackwright("power node-01 explode")).code).toBe(exits.usage);
  });
});

describe("rackwright capture", () => {
  test("asks as an operator for any node, and as a user for one of his own; end does it first", async () => {
    const job = { id: "job-1", kind: "capture", node: "node-01" };
    server.play([says(job, 202), says(job, 202), says({ reservation: "res-1", ending: true }, 202)]);
    const any = await rackwright("capture node-01");
    const own = await rackwright("capture node-01 --reservation res-1 --image course --comment compiler");
    const last = await rackwright("end res-1 --capture course");
    expect([any.code, own.code, last.code]).toEqual([exits.done, exits.done, exits.done]);
    expect(own.out).toBe("node-01 is being captured, job job-1: rackwright watch res-1 says how far it is\n");
    expect(server.calls).toMatchObject([
      { line: "POST /v1/nodes/node-01/capture", body: { image: null, comment: "no comment" } },
      {
        line: "POST /v1/reservations/res-1/capture",
        body: { node: "node-01", image: "course", comment: "compiler" },
      },
      { line: "POST /v1/reservations/res-1/end", body: { capture: { image: "course", node: null } } },
    ]);
  });
});

describe("rackwright drain, return and retire", () => {
  const page = (node: string, next: string | null, reservation: string | null = null) =>
    says({ nodes: [{ node, outcome: "changed", state: "in-use", reservation }], next });

  test("go through a large group page by page, and name each node and who is waited for", async () => {
    server.play([page("node-01", "node-01", "res-1"), page("node-02", null)]);
    const { code, out } = await rackwright("drain --lab blue --rack r1 --until +2h --reason fans --remind");
    expect(code).toBe(exits.done);
    expect(out).toBe(
      "node-01: drained, now in-use, reservation res-1 is waited for\nnode-02: drained, now in-use\n",
    );
    const wanted = {
      action: "drain",
      of: { lab: "blue", rack: "r1" },
      reason: "fans",
      until: nowMs + 7_200_000,
      atEnd: "remind",
    };
    expect(server.calls).toMatchObject([
      { line: "POST /v1/upkeep", body: { ...wanted, next: null } },
      { line: "POST /v1/upkeep", body: { ...wanted, next: "node-01" } },
    ]);
  });

  test("want to be told which nodes, why, and a drain until when; of no node at all they say so", async () => {
    expect((await rackwright("drain --until +2h --reason fans")).error).toContain("of which nodes?");
    expect((await rackwright("drain --node node-01 --reason fans")).error).toContain("--until is wanted");
    expect((await rackwright("retire --node node-01")).error).toContain("--reason is wanted");
    server.play([says({ nodes: [], next: null })]);
    const none = await rackwright("return --class big --reason done");
    expect([none.code, none.error]).toEqual([exits.usage, expect.stringContaining("there is no such node")]);
  });
});

describe("rackwright bios, burn-in and rescue", () => {
  const job = (kind: string) => ({ id: "job-1", kind, node: "node-01" });

  test("ask for their jobs, and rescue for its end", async () => {
    server.play([
      says(job("bios"), 202),
      says(job("burn-in"), 202),
      says(job("rescue"), 202),
      says(readyNode),
    ]);
    await rackwright("bios node-01 --apply");
    await rackwright("burn-in node-01 --minutes 240 --test stress.sh");
    const { out } = await rackwright("rescue node-01 --minutes 30 --reason broken");
    await rackwright("rescue node-01 --end");
    expect(out).toBe("node-01: a rescue of 30 min is asked for, job job-1; the shell is on its console\n");
    expect(server.calls).toMatchObject([
      { line: "POST /v1/nodes/node-01/bios", body: {} },
      { line: "POST /v1/nodes/node-01/burn-in", body: { minutes: 240, test: "stress.sh" } },
      { line: "POST /v1/nodes/node-01/rescue", body: { minutes: 30, reason: "broken" } },
      { line: "POST /v1/nodes/node-01/rescue/end" },
    ]);
  });

  test("shows how a node's firmware differs from its profile", async () => {
    const drift = [{ name: "Sriov", wanted: "Enabled", found: "Disabled" }];
    server.play([says({ ...readyNode, bios: { profile: "virtual", at: nowMs, drift } }), says(readyNode)]);
    expect((await rackwright("bios node-01")).out).toBe(
      "node-01: Sriov is Disabled, profile virtual wants Enabled\n",
    );
    expect((await rackwright("bios node-01")).out).toContain("nothing was read");
  });
});

describe("rackwright reserve", () => {
  test("asks for what its options say, under an id that it has from the start", async () => {
    server.play([says(loading, 201)]);
    const { code, out } = await rackwright(
      "reserve --image demo --class big --count 2 --minutes 90 --start +2h --tag gpu --tag fast --lab lab-a --user ada --key key.pub",
    );
    expect(code).toBe(exits.done);
    expect(out).toContain(
      "res-1  loading  1 of 1 nodes, image demo\nfrom 2026-11-21 08:00 to 2026-11-21 09:00\n",
    );
    expect(server.calls).toMatchObject([
      {
        line: "POST /v1/reservations",
        body: {
          id: expect.stringMatching(/^res-[0-9a-f-]{36}$/),
          image: "demo",
          class: "big",
          count: 2,
          minutes: 90,
          start: nowMs + 7_200_000,
          tags: ["gpu", "fast"],
          lab: "lab-a",
          user: "ada",
          publicKey,
        },
      },
    ]);
  });

  test("asks for a cluster, role by role", async () => {
    server.play([says(loading, 201)]);
    await rackwright("reserve --role head=login --role worker=slurm:8 --key key.pub");
    expect(server.requests).toMatchObject([
      {
        roles: [
          { name: "head", image: "login", count: 1 },
          { name: "worker", image: "slurm", count: 8 },
        ],
      },
    ]);
    expect((await rackwright("reserve --role head")).code).toBe(exits.usage);
  });

  test("leaves to the API what is not said, and warns that nobody can log in without a key", async () => {
    server.play([says(loading, 201)]);
    const { error } = await rackwright("reserve --image demo --id mine --owner eve");
    expect(server.requests).toEqual([{ id: "mine", owner: "eve", image: "demo", tags: [] }]);
    expect(error).toContain("nobody will be able to log in");
  });

  test("--watch stays until it is ready, tells each change once, and how to connect", async () => {
    server.play([says(loading, 201), says(loading), says(loading), "cut", says(ready)]);
    const { code, out } = await rackwright("reserve --image demo --key key.pub --watch");
    expect(code).toBe(exits.done);
    expect(out.trimEnd().split("\n")).toEqual([
      "res-1  loading  1 of 1 nodes, image demo",
      "  node-01      loading      build     write-image, awaiting the checksum of what is on the disk",
      "res-1  reserved  1 of 1 nodes, image demo",
      "  node-01      in-use       build     ready",
      "ssh -o HostKeyAlias=node-01.res-1 -o StrictHostKeyChecking=accept-new -p 2222 student@10.0.0.7",
    ]);
  });
});

describe("rackwright watch", () => {
  test("fails when the reservation fails, and says why", async () => {
    server.play([says(loading), says(failed)]);
    const { code, error } = await rackwright("watch res-1");
    expect(code).toBe(exits.failed);
    expect(error).toBe("rackwright: res-1 failed: the checksum is wrong\n");
  });

  test("fails when the reservation is over already: there is nothing to log in to", async () => {
    server.play([says({ ...ready, state: "complete", connections: [] })]);
    expect((await rackwright("watch res-1")).code).toBe(exits.failed);
  });

  test("gives a line of JSON for each change, as the API said it", async () => {
    server.play([says(loading), says(loading), says(ready)]);
    const { out } = await rackwright("watch res-1 --json");
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([loading, ready]);
  });

  test("draws over itself on a terminal, never wider than that, with how far a node is and how long it may take", async () => {
    const writing = { ...loadingNode, job: { ...loadingNode.job, doneBytes: 30, totalBytes: 90 } };
    server.play([says({ ...loading, nodes: [writing] }), says(ready)]);
    const { out } = await rackwright("watch res-1", { isTerminal: true, columns: () => 200 });
    expect(out).toContain("write-image 33 % (at most 30 s more), awaiting the checksum");
    expect(out).toContain("\u001b[2A\u001b[0J");
    server.play([says(loading), says(ready)]);
    const [, narrow = ""] = (await rackwright("watch res-1", { isTerminal: true })).out.split("\n");
    expect(narrow.replace("\u001b[2K", "")).toHaveLength(59);
  });

  test("outlasts an API that is away for some minutes, and no longer", async () => {
    server.play([says(loading), ...Array<"cut">(12).fill("cut"), says(ready)]);
    const { code, error } = await rackwright("watch res-1");
    expect(code).toBe(exits.done);
    expect(error.match(/asking again/g)).toHaveLength(3);
    server.play(Array<"cut">(1000).fill("cut"));
    expect((await rackwright("watch res-1")).code).toBe(exits.unreachable);
  });
});

describe("rackwright connect", () => {
  const other = { node: "node-02", address: "[fd00::7]:22", user: "student" };
  const two = {
    ...ready,
    connections: [...ready.connections, other, { ...other, node: "node-03", address: "10.0.0.9" }],
  };

  test("prints the ssh line of every node", async () => {
    server.play([says(two)]);
    const { code, out } = await rackwright("connect res-1 --identity my.key");
    expect(code).toBe(exits.done);
    expect(out).toContain("node-02: ssh -i my.key -o HostKeyAlias=node-02.res-1");
    expect(out).toContain("-p 22 student@fd00::7\n");
    expect(out).toMatch(/accept-new student@10[.]0[.]0[.]9\n$/);
  });

  test("--exec runs ssh on the node that is named, and ends as ssh does", async () => {
    server.play([says(two)]);
    expect((await rackwright("connect res-1 --node node-01 --exec")).code).toBe(7);
    expect(programs).toMatchObject([
      ["ssh", ...Array(4).fill(expect.anything()), "-p", "2222", "student@10.0.0.7"],
    ]);
    server.play([says(two), says(two)]);
    expect(await rackwright("connect res-1 --exec")).toMatchObject({ code: exits.usage });
    expect(await rackwright("connect res-1 --node node-09")).toMatchObject({ code: exits.usage });
  });

  test("gives ssh no address that it would take for an option", async () => {
    server.play([says({ ...ready, connections: [{ ...other, user: "-oProxyCommand=x" }] })]);
    expect(await rackwright("connect res-1 --exec")).toMatchObject({ code: exits.failed });
    expect(programs).toEqual([]);
  });

  test("says what a reservation without nodes is doing instead", async () => {
    server.play([says(loading)]);
    const { code, error } = await rackwright("connect res-1");
    expect([code, error]).toEqual([exits.failed, "rackwright: res-1 has no nodes to reach: it is loading\n"]);
  });
});

describe("rackwright extend and end", () => {
  test("--by counts from the end that it has, --until names one", async () => {
    server.play([says(ready), says(ready), says(ready)]);
    await rackwright("extend res-1 --by 30");
    await rackwright("extend res-1 --until 2026-11-21T12:00Z");
    expect(server.calls.map(({ line, body }) => [line, body])).toEqual([
      ["GET /v1/reservations/res-1", null],
      ["POST /v1/reservations/res-1/extend", { end: ready.end + 1_800_000 }],
      ["POST /v1/reservations/res-1/extend", { end: Date.UTC(2026, 10, 21, 12) }],
    ]);
  });

  test("end tells its reason, and --watch stays until the nodes are taken back", async () => {
    server.play([
      says({ reservation: "res-1", ending: true }, 202),
      says({ ...ready, state: "reclaim" }),
      says(failed),
    ]);
    const { code, out } = await rackwright("end res-1 --reason early --watch");
    expect(code).toBe(exits.done);
    expect(server.requests[0]).toEqual({ reason: "early" });
    expect(out).toMatch(/^res-1 is ending\nres-1 {2}reclaim/);
  });
});

describe("tables", () => {
  test("ls shows what is not over, and all of it with --all; --json says the same as the API does", async () => {
    const over = { ...ready, id: "res-0", state: "complete", nodes: [] };
    // What is over stands behind all that goes on: nobody but --all asks for more of it.
    const first = says({ reservations: [ready, over], next: "2" });
    server.play([first, first, says({ reservations: [over], next: null }), first]);
    expect((await rackwright("ls")).out).toBe(
      [
        "RESERVATION  STATE     OWNER  IMAGE  NODES  FROM              TO",
        "res-1        reserved  ada    demo   1/1    2026-11-21 08:00  2026-11-21 09:00\n",
      ].join("\n"),
    );
    expect((await rackwright("ls --all")).out).toContain("\nres-0        complete");
    expect(JSON.parse((await rackwright("ls --json")).out)).toEqual({ reservations: [ready], next: null });
  });

  test("nodes, images and labs have a line each", async () => {
    const offline = { ...readyNode, id: "n-2", fault: "the BMC \u001b[2J is\u202e dead", image: null };
    const lab = { id: "lab-a", nodes: 12, correction: "act", late: ["node-01"], tokens: 3, suspect: null };
    server.play([
      says({ nodes: [loadingNode, offline], next: null }),
      says({ images: [{ id: "demo", production: "rev-1" }], next: null }),
      says({ labs: [{ ...lab, controllers: [{ id: "mi-1", state: "reachable" }] }], next: null }),
    ]);
    const { out } = await rackwright("nodes");
    expect(out).toContain(
      "node-01  lab-a  standard  loading  online  build  on     demo   res-1        write-image, awaiting",
    );
    expect(out).toContain("quarantined: the BMC ?[2J is? dead\n");
    expect((await rackwright("images")).out).toBe("IMAGE  REVISION\ndemo   rev-1\n");
    expect((await rackwright("labs")).out).toMatch(/\nlab-a {2}12 +act +3 +1 +no +mi-1 reachable\n$/);
  });

  test("node shows its state, its job, the end of its timeline, and its open issues", async () => {
    const entry = {
      at: nowMs,
      from: "loading",
      to: "configuring",
      why: "it boots its disk",
      evidence: "a beacon",
    };
    const issue = { id: "i-1", state: "open", blocking: true, openedAt: nowMs, evidence: ["panic"] };
    server.play([says(loadingNode), says({ entries: [entry], next: null }), says({ issues: [] })]);
    const asked = await rackwright("node node-01");
    expect(asked.out).toContain("job          provision (job-1)\n");
    expect(asked.out).toContain("2026-11-21 08:00  loading → configuring  it boots its disk [a beacon]\n");
    expect(lines()[1]).toBe("GET /v1/nodes/node-01/timeline?after=4");
    const [open, closed] = [
      { ...issue, fault: { message: "the fan" } },
      { ...issue, state: "closed", fault: { message: "the disk" } },
    ];
    server.play([says(loadingNode), says({ entries: [], next: null }), says({ issues: [open, closed] })]);
    const { out } = await rackwright("node node-01");
    expect(out).toMatch(
      /open issue i-1, nobody gets the node, since 2026-11-21 08:00: the fan\n {2}panic\n$/,
    );
  });

  test("explain takes a reservation or a node, and says so when there is neither", async () => {
    const answer = { question: "is it ready?", answer: "no", evidence: "it said so", until: nowMs + 60_000 };
    server.play([refuses(404, "no reservation"), says({ answers: [answer] })]);
    const { out } = await rackwright("explain node-01");
    expect(out).toBe(
      "is it ready?\n  no\n  known by: it said so\n  looked at again, or given up, within 60 s\n",
    );
    server.play([refuses(404, "no reservation"), refuses(404, "no node")]);
    const { code, error } = await rackwright("explain nobody");
    expect(code).toBe(exits.missing);
    expect(error).toContain("there is no reservation and no node nobody");
  });

  test("record prints a node's flight recorder whole, fit for a file", async () => {
    const known = {
      schema: "rackwright.record/1",
      at: nowMs,
      timeline: [{ why: "claimed" }],
      earlierEntries: 0,
    };
    server.play([says(known)]);
    const { out, code } = await rackwright("record node-01");
    expect(JSON.parse(out)).toEqual(known);
    expect(code).toBe(exits.done);
  });
});

describe("the exit code", () => {
  test.each([
    [400, exits.usage],
    [401, exits.forbidden],
    [403, exits.forbidden],
    [404, exits.missing],
    [409, exits.refused],
    [412, exits.refused],
    [422, exits.refused],
  ])("of what the API answers with %i is %i, with its reason", async (status, code) => {
    server.play([refuses(status, "for a good reason")]);
    const ended = await rackwright("node node-01");
    expect(ended).toEqual({ code, out: "", error: "rackwright: It cannot be: for a good reason\n" });
  });

  test("says that nobody answers, or that the API is in trouble", async () => {
    server.play(["cut", "cut", "cut", "cut"]);
    expect(await rackwright("images")).toMatchObject({ code: exits.unreachable });
    server.play(Array(4).fill(refuses(503, "soon")));
    expect(await rackwright("images")).toMatchObject({ code: exits.unreachable });
  });

  test.each([
    ["", "a command is wanted|there is no command"],
    ["rserve", "there is no command"],
    ["watch", "wanted: ID"],
    ["ls more", "no argument is wanted"],
    ["ls --everything", "Unknown option '--everything'"],
    ["reserve", "--image"],
    ["reserve --image demo --count 501", "a whole number from 1 to 500"],
    ["reserve --image demo --start tomorrow", "--start: wanted is"],
    ["reserve --image demo --key key", "that is a private key"],
    ["reserve --image demo --key gone", "there is no file gone"],
    ["extend res-1", "one of --by and --until"],
    ["ls --token-file two-words", "one word"],
    ["ls --api lab.example.org", "--api: an address"],
    ["completion fish", "bash or zsh"],
  ])("of a wrong command line is 2, and says what is wrong: %s", async (line, said) => {
    server.play([]);
    const { code, error } = await rackwright(line);
    expect(code).toBe(exits.usage);
    expect(error).toMatch(new RegExp(`^rackwright: .*(${said}).*\n$`));
    expect(lines()).toEqual([]);
  });

  test("is listed by --help, each of them", async () => {
    const { code, out } = await rackwright("--help");
    expect(code).toBe(exits.done);
    for (const each of Object.values(exits)) expect(out).toMatch(new RegExp(`^ {2}${each} {2}\\w`, "m"));
  });
});

test("the token comes from the environment or from a file", async () => {
  server.play([says({ images: [], next: null }), says({ images: [], next: null })]);
  await rackwright("images --token-file token");
  await rackwright("images", { env: { RACKWRIGHT_API: server.endpoint, RACKWRIGHT_TOKEN: "other" } });
  expect(server.calls.map(({ headers }) => headers["authorization"])).toEqual([
    "Bearer t0ken",
    "Bearer other",
  ]);
});

test("every command has help of its own, with each of its options", async () => {
  for (const { name, options } of commands) {
    const { code, out } = await rackwright(`${name} --help`);
    expect(code).toBe(exits.done);
    for (const option of Object.keys(options)) expect(out).toContain(`  --${option}`);
  }
});

describe("completion", () => {
  test("in bash offers commands, then their options, then files where a file is wanted", async () => {
    const { out } = await rackwright("completion bash");
    const complete = (...words: readonly string[]) =>
      spawnSync(
        "bash",
        [
          "--norc",
          "-c",
          `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _rackwright; echo "\${COMPREPLY[@]}"`,
        ],
        { encoding: "utf8", cwd: root },
      ).stdout.trim();
    expect(complete("rackwright", "e")).toBe("extend end explain export");
    expect(complete("rackwright", "extend", "--u")).toBe("--until");
    expect(complete("rackwright", "completion", "z")).toBe("zsh");
    expect(complete("rackwright", "reserve", "--key", "READ")).toBe("README.md");
  });

  test("in zsh knows every command and every option", async () => {
    const { out } = await rackwright("completion zsh");
    expect(out).toMatch(/^#compdef rackwright\n/);
    for (const { name, options } of commands) {
      const row = out.split("\n").find((line) => line.trim().startsWith(`${name}) compadd`));
      for (const option of Object.keys(options)) expect(row).toContain(` --${option}`);
    }
  });
});

test("package.json names the program, and it is one", () => {
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(bin).toEqual({ rackwright: "clients/command-line/main.ts" });
  const { status, stdout } = spawnSync(join(root, bin.rackwright), ["--help"], {
    encoding: "utf8",
    env: { PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}` },
  });
  expect([status, stdout.split("\n")[0]]).toEqual([0, "Rackwright: lab nodes, reserved and handed over."]);
});
