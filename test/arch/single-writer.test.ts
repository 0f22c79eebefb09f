/** Who writes a node's record, read from the code itself. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

function sources(folder: string): { file: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(join(root, folder, file), "utf8") }));
}

describe("node records", () => {
  test("R35: only the use-cases that advance, claim and enrol nodes write them", () => {
    const writers = [
      ...sources("lib/app"),
      ...sources("functions"),
      ...sources("lib/agent"),
      ...sources("lib/drivers"),
    ]
      .filter(({ text }) => /kind: "node", value/.test(text))
      .map(({ file }) => file);
    expect(writers.sort()).toEqual([
      "lib/app/advance-node.ts",
      "lib/app/advance-reservation.ts",
      "lib/app/enrol-node.ts",
    ]);
  });

  test("R34: build systems and OS modules have no way to a node's record: they name steps and settle them", () => {
    const modules = [
      ...sources("lib/core/provisioning/build-systems"),
      ...sources("lib/core/provisioning/os-modules"),
    ];
    expect(modules.length).toBeGreaterThanOrEqual(3);
    for (const { file, text } of modules) {
      const imports = [...text.matchAll(/from "([^"]+)"/g)].map(([, from]) => from ?? "");
      for (const from of imports) {
        expect(from, `${file} imports ${from}`).toMatch(
          /(step|boot|fault|patterns|policy|os-profiles|channel|guest|image-needs|time|command)[.]ts$/,
        );
      }
    }
  });

  test("R10, R12: no build system waits for an operating system or speaks SSH", () => {
    for (const { file, text } of sources("lib/core/provisioning/build-systems")) {
      expect(text, file).not.toMatch(/os[.](probe|run|address|sessions)|ssh|wait-for-os/i);
    }
  });
});
