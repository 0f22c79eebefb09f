/** What the boot service gives to a distribution's installer, and what it believes of it. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startBootService } from "../../lib/agent/boot-service.ts";
import { type Boots, createBoots } from "../../lib/agent/boots.ts";
import { createCaptures } from "../../lib/agent/captures.ts";
import type { Journal } from "../../lib/agent/journal.ts";
import type { Health } from "../../lib/agent/metrics.ts";
import { command } from "../../lib/contracts/command.ts";
import type { Action, Beacon } from "../../lib/core/command.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import { temporaryFolder } from "../support/stack.ts";
import { aCommand, aDiscovery, aJournal } from "./support.ts";

const mac = "52:54:00:00:00:01";
const examples = join(import.meta.dirname, "../../examples/installer");
let folder: ReturnType<typeof temporaryFolder>;
let journal: Journal;
let boots: Boots;
let told: Beacon[];
let tree: Server;
let treeUrl: string;
let service: Awaited<ReturnType<typeof startBootService>>;
let url: string;

const kinds = [
  ["kickstart", "rocky.ks", "ks.cfg"],
  ["preseed", "debian.preseed", "preseed.cfg"],
  ["autoinstall", "ubuntu.user-data", "user-data"],
] as const;

const register = (name: string, kind: string, change: Readonly<Record<string, unknown>> = {}): void => {
  const example: unknown = JSON.parse(readFileSync(join(examples, "rocky-9.json"), "utf8"));
  const file = join(folder.path, "distros", `${name}.json`);
  writeFileSync(file, JSON.stringify({ ...Object(example), kind, tree: treeUrl, ...change }));
};

beforeEach(async () => {
  folder = temporaryFolder();
  told = [];
  for (const name of ["journal", "distros", "templates"]) mkdirSync(join(folder.path, name));
  tree = createServer((request, response) => {
    response.writeHead(request.url?.startsWith("/images/pxeboot/") === true ? 200 : 404).end();
  });
  await new Promise<void>((resolve) => tree.listen(0, "127.0.0.1", resolve));
  const at = tree.address();
  if (typeof at !== "object" || at === null) throw new Error("the tree is not served");
  treeUrl = `http://127.0.0.1:${at.port}`;
  for (const [kind, template] of kinds) {
    register(kind, kind);
    copyFileSync(join(examples, template), join(folder.path, "templates", template));
  }
  journal = await aJournal(join(folder.path, "journal"));
  boots = createBoots({
    journal,
    publicUrl: "http://agent",
    peers: [],
    managementKey: "ssh-ed25519 AAAA",
    distrosDir: join(folder.path, "distros"),
    templatesDir: join(folder.path, "templates"),
    now: () => Date.now(),
    report: (beacon) => told.push(beacon),
  });
  const images = {
    prefetch: async () => {},
    adopt: async () => {},
    publish: async () => {},
    remove: async () => {},
    file: () => null,
  };
  service = await startBootService({
    host: "127.0.0.1",
    port: 0,
    boots,
    images,
    captures: createCaptures({
      dir: join(folder.path, "captures"),
      images,
      done: boots.captured,
      failed: boots.notCaptured,
    }),
    discovery: aDiscovery(journal),
    bootFilesDir: folder.path,
    health: (): Health => {
      throw new Error("nobody asks");
    },
    log: () => {},
  });
  url = `http://127.0.0.1:${service.port}`;
});
afterEach(async () => {
  await service.stop();
  await journal.close();
  tree.closeAllConnections();
  await new Promise((resolve) => tree.close(resolve));
  folder.remove();
});

type Install = Extract<Action, { verb: "netboot.install" }>;
const isInstall = (each: Action | undefined): each is Install => each?.verb === "netboot.install";

function installer(
  distro: string,
  template: string,
  variables: Readonly<Record<string, string>> = {},
  attempt = 1,
) {
  const parsed = command.parse({
    ...aCommand(),
    actions: [
      {
        verb: "netboot.install",
        installation: `i.${attempt}`,
        boot: `i.${attempt}.b1`,
        revision: "rocky:9.4",
        distro,
        template,
        variables,
      },
    ],
  });
  const [action] = parsed.actions;
  if (!isInstall(action)) throw new Error("not an installer");
  return { parsed, action };
}

/** The machine is switched on and asks what to boot: the token in the script that it gets. */
async function booted(distro: string, template: string, variables: Readonly<Record<string, string>> = {}) {
  const { parsed, action } = installer(distro, template, variables);
  await boots.proveInstaller(action, AbortSignal.timeout(20_000));
  await boots.arm(parsed, action);
  await boots.poweringOn(parsed.node);
  const script = await boots.script(mac);
  const token = /\/install\/([\w-]+)/.exec(script)?.[1] ?? "";
  return { script, token };
}

const say = (token: string, body: unknown): Promise<Response> =>
  fetch(`${url}/beacon`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => (error instanceof DriverFault ? error.fault : error),
  );
const variables = { timezone: "Europe/Berlin", mirror: "deb.lab", user: "student" };

describe("a distribution's installer", () => {
  test.each(kinds)(
    "R51: by %s it is booted once, from the lab's tree, with answers rendered for it",
    async (kind, template, file) => {
      const { script, token } = await booted(kind, template, variables);
      expect(script).toContain(`kernel ${treeUrl}/images/pxeboot/vmlinuz`);
      expect(script).toContain(`http://agent/install/${token}/`);
      const answers = await (await fetch(`${url}/install/${token}/${file}`)).text();
      expect(answers).toContain("node-01");
      expect(answers).toContain(`Bearer ${token}`);
      expect(answers).toContain("http://agent/beacon");
      expect(answers).not.toMatch(/\{\{/);
      expect((await fetch(`${url}/install/${"x".repeat(30)}/${file}`)).status).toBe(404);
      const meta = await fetch(`${url}/install/${token}/meta-data`);
      expect(kind === "autoinstall" ? await meta.text() : meta.status).toBe(
        kind === "autoinstall" ? "instance-id: i.1\n" : 404,
      );
    },
  );

  test("is done by its own word under its boot's token; then its token is worth nothing, and the disk is booted", async () => {
    const { token } = await booted("kickstart", "rocky.ks", variables);
    const answers = await (await fetch(`${url}/install/${token}/ks.cfg`)).text();
    const os =
      /Bearer ([\w-]+)' \\\n {2}-H 'Content-Type: application\/json' \\\n {2}-d '\{"phase":"run"/.exec(
        answers,
      )?.[1] ?? "";
    expect((await say(os, { phase: "run" })).status).toBe(401);
    expect((await say(token, { phase: "build", installed: true })).status).toBe(204);
    expect(told.at(-1)).toMatchObject({ installed: true, boot: "i.1.b1", installation: "i.1" });
    expect((await fetch(`${url}/install/${token}/ks.cfg`)).status).toBe(404);
    expect(await boots.script(mac)).not.toContain("kernel");
    expect((await say(os, { phase: "run", address: "10.0.0.9" })).status).toBe(204);
    expect(told.at(-1)).toMatchObject({ boot: null, installation: "i.1", address: "10.0.0.9" });
  });

  test("that says what went wrong is heard; one that starts twice is void", async () => {
    const { token } = await booted("kickstart", "rocky.ks", variables);
    const fault = { class: "node", code: "installer-failed", message: "anaconda ended with an error" };
    await say(token, { phase: "build", fault });
    expect(told.at(-1)).toMatchObject({ fault });
    expect(await boots.script(mac)).not.toContain("vmlinuz");
    expect(told.at(-1)?.fault?.code).toBe("boot-repeated");
    expect((await say(token, { phase: "build", installed: true })).status).toBe(401);
  });
});

describe("R47: distributions are registered per lab, and one that cannot be used aborts the command with its reason:", () => {
  test.each([
    ["nowhere", "rocky.ks", {}, "distribution nowhere is not registered in this lab"],
    ["moved", "rocky.ks", variables, "/gone/vmlinuz cannot be had: 404"],
    ["kickstart", "none.ks", variables, "template none.ks cannot be read"],
    ["kickstart", "rocky.ks", {}, "wants timezone, which the image's settings do not have"],
  ])("%s with %s", async (distro, template, given, message) => {
    register("moved", "kickstart", { kernel: "gone/vmlinuz" });
    const { action } = installer(distro, template, given);
    expect(await faultOf(boots.proveInstaller(action, AbortSignal.timeout(20_000)))).toMatchObject({
      class: "configuration",
      code: "distro-unusable",
      message: expect.stringContaining(message),
    });
  });
});
