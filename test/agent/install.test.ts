/** From a bare machine to a controller: what is put in place, and what the doctor says is missing. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { findTool } from "../../lib/agent/checks.ts";
import { agentConfig, ConfigError } from "../../lib/agent/config.ts";
import { install, installSettings } from "../../lib/agent/install.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { temporaryFolder } from "../support/stack.ts";

const folders: (() => void)[] = [];
const places: AgentPlace[] = [];
afterEach(async () => {
  for (const remove of folders.splice(0)) remove();
  for (const place of places.splice(0)) await place.remove();
});

const told = {
  controller: "mi-0123456789abcdef0",
  lab: "blue",
  region: "eu-central-1",
  "queue-url": "https://sqs.eu-central-1.amazonaws.com/123456789012/reports",
  "image-store-url": "https://images.example.org",
  "public-url": "http://10.20.0.2:8750",
};

function installed(): string {
  const folder = temporaryFolder();
  folders.push(folder.remove);
  const program = join(folder.path, "program.mjs");
  writeFileSync(program, "#!/usr/bin/env node\n");
  const root = join(folder.path, "root");
  install(installSettings({ ...told, root }, { program, node: "/bin/true" }));
  return root;
}

describe("rackwright-agent install", () => {
  test("puts program, unit, directories and a configuration in place that the daemon takes", () => {
    const root = installed();
    const config = agentConfig.parse(
      JSON.parse(readFileSync(join(root, "etc/rackwright/agent.json"), "utf8")),
    );
    expect(config).toMatchObject({
      controller: told.controller,
      lab: "blue",
      stateDir: "/var/lib/rackwright",
      listen: { host: "0.0.0.0", port: 8750 },
      reports: { queueUrl: told["queue-url"], endpoint: "https://sqs.eu-central-1.amazonaws.com" },
    });
    for (const secret of ["etc/rackwright/secrets", "var/lib/rackwright"])
      expect(statSync(join(root, secret)).mode & 0o077).toBe(0);
    expect(statSync(join(root, "usr/local/bin/rackwright-agent")).mode & 0o111).toBe(0o111);
    const unit = readFileSync(join(root, "etc/systemd/system/rackwright-agent.service"), "utf8");
    expect(unit).toContain("ExecStart=/usr/local/bin/rackwright-agent serve\n");
    // R59: told to stop, it lets what runs end; its tools are not told, they end with it.
    expect(unit).toContain("KillMode=mixed\n");
  });

  test("done again it keeps what people have set up", () => {
    const root = installed();
    const file = join(root, "etc/rackwright/agent.json");
    writeFileSync(file, "{}");
    const program = join(root, "usr/local/lib/rackwright/rackwright-agent.mjs");
    const again = installSettings(
      { ...told, root },
      { program: join(root, "../program.mjs"), node: "/bin/true" },
    );
    expect(install(again).join("\n")).toContain("kept      /etc/rackwright/agent.json");
    expect(readFileSync(file, "utf8")).toBe("{}");
    expect(existsSync(program)).toBe(true);
  });

  test("says everything that it must still be told, at once", () => {
    const settings = () => installSettings({ lab: "blue" }, { program: "x", node: "y" });
    expect(settings).toThrow(ConfigError);
    expect(settings).toThrow(/--controller .*mi-…[\s\S]*--queue-url[\s\S]*--public-url/);
  });
});

describe("rackwright-agent doctor", () => {
  async function aPlace(): Promise<AgentPlace> {
    const place = await agentPlace();
    places.push(place);
    return place;
  }
  const finding = (text: string, what: string): string | undefined =>
    text.split("\n").find((line) => line.slice(9).startsWith(`${what}:`));

  test("is content with a controller that works", async () => {
    const place = await aPlace();
    place.secret("bmc/blue", { username: "admin", password: "x" });
    await place.start();
    const env = { AWS_ACCESS_KEY_ID: "x" };
    Object.assign(process.env, env);
    const { code, stdout } = await place.call("doctor");
    expect(stdout).toContain("This controller is ready.");
    expect(code).toBe(0);
    expect(finding(stdout, "daemon")).toMatch(/^ok /);
    expect(finding(stdout, "secret bmc/blue")).toMatch(/^ok /);
  });

  test("names what is missing, and what to do about it", async () => {
    const place = await aPlace();
    place.secret("bmc/blue", { username: "admin", password: "x" });
    writeFileSync(join(place.dir, "secrets", "open.json"), "{}", { mode: 0o644 });
    place.serving.reachable = false;
    const { code, stdout } = await place.call("doctor");
    expect(code).toBe(1);
    expect(finding(stdout, "secret open")).toMatch(/^MISSING.*chmod 600/);
    expect(finding(stdout, "clock, and the way to AWS")).toMatch(/^MISSING.*cannot be reached/);
    expect(finding(stdout, "daemon")).toMatch(/^note.*does not run/);
    expect(stdout).toContain("-> systemctl enable --now rackwright-agent");
    expect(stdout).toContain("this controller is not ready");
  });

  test("a clock that is wrong is told with what to do", async () => {
    const place = await aPlace();
    place.serving.dateOffsetMs = 60_000;
    const { stdout } = await place.call("doctor");
    expect(finding(stdout, "clock, and the way to AWS")).toMatch(/^MISSING.*behind: set it right/);
  });

  test("without a configuration it says how to get one", async () => {
    const place = await aPlace();
    writeFileSync(place.config, "{}");
    const { code, stdout } = await place.call("doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/MISSING {2}configuration: .*agent.json[\s\S]*-> rackwright-agent install/);
  });

  test("a tool is found where Debian puts it, on the PATH or not", () => {
    expect(findTool("sh", "")).toBeNull();
    expect(findTool("sh", "/nowhere:/bin")).toBe("/bin/sh");
  });
});
