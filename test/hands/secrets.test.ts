/**
 * R49: no password is ever seen outside of where it is kept: not in a log, an argument list, a message, a report or a
 * table item. The whole of what a run leaves behind is searched, and every argument list while it runs.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCommand } from "../agent/support.ts";
import { usePlaces } from "../stack/main-job.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { temporaryFolder } from "../support/stack.ts";
import { bmcPassword, type IpmiBmc, ipmiBmc, powerScript, requireTools } from "./farm.ts";

requireTools();
const folder = temporaryFolder();
const aPlace = usePlaces();
let bmc: IpmiBmc;
let agent: AgentPlace;

beforeAll(async () => {
  bmc = await ipmiBmc(folder.path, "bmc", new Set());
  agent = await agentPlace();
  agent.secret("bmc/blue", { username: "admin", password: bmcPassword });
  agent.script("lab-power", powerScript(join(folder.path, "machine")));
  await agent.start();
});
afterAll(async () => {
  await agent.remove();
  await bmc.stop();
  folder.remove();
});

/** Reads all argument lists, again and again, until it is stopped. */
function watchArguments(secrets: readonly string[]): { stop: () => { samples: number; seen: string[] } } {
  const seen = new Set<string>();
  let samples = 0;
  const look = (): void => {
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid)) continue;
      samples += 1;
      const text = read(`/proc/${pid}/cmdline`);
      for (const form of secrets.flatMap(formsOf))
        if (text.includes(form)) seen.add(text.replaceAll("\0", " "));
    }
  };
  const timer = setInterval(look, 3);
  return {
    stop: () => {
      clearInterval(timer);
      return { samples, seen: [...seen] };
    },
  };
}

/** A process or a file that is gone holds nothing. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(secret).toString("base64url"),
  Buffer.from(secret).toString("hex"),
];

/** Files that hold it, of all that are in a folder. */
function filesWith(dir: string, secret: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(dir, name), { throwIfNoEntry: false })?.isFile() === true)
    .filter((name) => {
      const text = read(join(dir, name));
      return formsOf(secret).some((form) => text.includes(form));
    })
    .sort();
}

describe("the passwords of BMCs", () => {
  test("are nowhere but in the controller's secrets after commands that work and that fail, with every driver", async () => {
    const watch = watchArguments([bmcPassword]);
    const gone = "127.0.0.1:9";
    const kinds = [
      { driver: "ipmi", address: bmc.address },
      { driver: "ipmi", address: gone },
      {
        driver: "fence",
        address: bmc.address,
        options: { agent: "fence_ipmilan", lanplus: "1", cipher: "3" },
      },
      {
        driver: "fence",
        address: bmc.address,
        options: { agent: "fence_ipmilan", lanplus: "1", cipher: "9" },
      },
      { driver: "exec", address: "pdu", options: { script: "lab-power", id: "1" } },
      { driver: "exec", address: "pdu", options: { script: "nobody" } },
      { driver: "redfish", address: `http://${gone}` },
    ];
    const commands = await Promise.all(
      kinds.map((kind, index) =>
        agent.addressed(
          aCommand({ ...kind, node: `n-${index}`, domain: `d-${index}`, actions: [{ verb: "power.cycle" }] }),
        ),
      ),
    );
    await agent.take(...commands);
    const results = await Promise.all(commands.map(({ id }) => agent.ended(id)));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["completed", "failed"]));
    await agent.end("SIGTERM");
    const { samples, seen } = watch.stop();
    expect(samples).toBeGreaterThan(1000);
    expect(seen).toEqual([]);
    for (const text of [agent.serving.log, JSON.stringify(agent.bodies), agent.journalText()])
      for (const form of formsOf(bmcPassword)) expect(text).not.toContain(form);
    // The script checks the password as the machine that it stands for would: it is not of the agent's making.
    expect(filesWith(agent.dir, bmcPassword)).toEqual(["scripts/lab-power", "secrets/bmc/blue.json"]);
  });

  test("are nowhere but there after a whole run: reserve, load, hand over, reclaim, with a node that hangs", {
    timeout: 120_000,
  }, async () => {
    const place = aPlace();
    const run = await place.start("--once", "--hang", "node-02:kernel");
    await run.until(({ event }) => event === "node");
    const { password } = place.settings().bmc;
    const watch = watchArguments([password]);
    const { code, last, stderr } = await run.ended;
    const { samples, seen } = watch.stop();
    expect(code, JSON.stringify({ last, stderr })).toBe(0);
    expect(samples).toBeGreaterThan(1000);
    expect(seen).toEqual([]);
    const told = JSON.stringify(run.events);
    for (const form of formsOf(password)) expect(told).not.toContain(form);
    // Where a person has put it, the virtual BMCs that check it, and the one secret of the controller.
    const kept = filesWith(place.data, password);
    expect(kept).toEqual(["agent-secrets/bmc/blue.json", "rack/config.json", "settings.json"]);
    for (const file of kept) expect(statSync(join(place.data, file)).mode & 0o077, file).toBe(0);
    const searched = readdirSync(place.data, { recursive: true, encoding: "utf8" });
    for (const file of ["dynamodb.sqlite", "sqs.sqlite", "ssm.sqlite", "logs/cloud.log", "logs/agent.log"])
      expect(searched, "it was searched").toContain(file);
  });
});
