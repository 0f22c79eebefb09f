/** A lab imports the distributions that it has: by what their trees say of themselves. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { distroWish, importDistro } from "../../lib/agent/import-distro.ts";
import { readDistro } from "../../lib/agent/installer.ts";
import { closeNow, listenOn } from "../../lib/local/http.ts";
import { temporaryFolder } from "../support/stack.ts";

/** As Rocky Linux 9 has it, shortened. */
const treeinfo = `[general]
; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.
arch = x86_64
family = Rocky Linux
name = Rocky Linux 9.4
version = 9.4

[images-x86_64]
efiboot.img = images/efiboot.img
initrd = images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz

[images-aarch64]
kernel = other/vmlinuz
`;

let folder: ReturnType<typeof temporaryFolder>;
let server: Server;
let url: string;
let files: Readonly<Record<string, string>>;

beforeEach(async () => {
  folder = temporaryFolder();
  files = {};
  server = createServer((request, response) => {
    const content = files[request.url ?? ""];
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  url = `http://127.0.0.1:${await listenOn(server, 0)}`;
});
afterEach(async () => {
  await closeNow(server);
  folder.remove();
});

const imported = (name: string, path = "") =>
  importDistro(folder.path, distroWish(name, { tree: `${url}${path}/`, arguments: "console=ttyS0" }));

describe("R47: a distribution that is imported", () => {
  test("is registered with what its .treeinfo says, and can be installed from then on", async () => {
    files = {
      "/r9/.treeinfo": treeinfo,
      "/r9/images/pxeboot/vmlinuz": "",
      "/r9/images/pxeboot/initrd.img": "",
    };
    expect(await imported("rocky-9", "/r9")).toContain("Rocky Linux 9.4, by kickstart");
    expect(readDistro({ distrosDir: folder.path }, "rocky-9")).toMatchObject({
      kind: "kickstart",
      tree: `${url}/r9`,
      kernel: "images/pxeboot/vmlinuz",
      initrd: "images/pxeboot/initrd.img",
      arguments: "console=ttyS0",
    });
  });

  test.each([
    ["preseed", "/install.amd/vmlinuz", "/install.amd/initrd.gz"],
    ["preseed", "/debian-installer/amd64/linux", "/debian-installer/amd64/initrd.gz"],
    ["autoinstall", "/casper/vmlinuz", "/casper/initrd"],
  ])("is known by where its installer is: %s by %s", async (kind, kernel, initrd) => {
    files = { [kernel]: "", [initrd]: "" };
    await imported("one");
    expect(readDistro({ distrosDir: folder.path }, "one")).toMatchObject({ kind, kernel: kernel.slice(1) });
  });

  test("imported again from elsewhere is registered there", async () => {
    files = {
      "/casper/vmlinuz": "",
      "/casper/initrd": "",
      "/new/casper/vmlinuz": "",
      "/new/casper/initrd": "",
    };
    await imported("ubuntu");
    await imported("ubuntu", "/new");
    expect(readDistro({ distrosDir: folder.path }, "ubuntu").tree).toBe(`${url}/new`);
  });

  test.each([
    ["has nothing that is known", {}, "has no .treeinfo, and none of"],
    ["names what cannot be had", { "/.treeinfo": treeinfo }, "/images/pxeboot/vmlinuz cannot be had: 404"],
    ["says nothing of its kernel", { "/.treeinfo": "[general]\narch = x86_64\n" }, "names no kernel"],
    ["is only half there", { "/casper/vmlinuz": "" }, "/casper/initrd cannot be had: 404"],
  ])("from a tree that %s is not registered, and why is said", async (_what, given, message) => {
    files = given;
    await expect(imported("one")).rejects.toThrow(message);
    expect(() => readFileSync(join(folder.path, "one.json"))).toThrow();
  });

  test("wants a name that a file may have, and a tree", () => {
    expect(() => distroWish("../etc", { tree: url })).toThrow("a NAME is wanted");
    expect(() => distroWish("rocky", {})).toThrow("--tree");
    expect(() => distroWish("rocky", { tree: "file:///srv" })).toThrow("--tree");
  });
});
