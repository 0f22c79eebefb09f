import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as minimalBuildSystem from "../../examples/build-systems/minimal.ts";
import * as minimal from "../../examples/os-modules/minimal.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import { inUse, osModuleSuite } from "./os-modules.ts";
import { modulesOf, strangers } from "./strangers.ts";

const all = (await strangers())?.osModules ?? [...shipped.osModules, minimal.osModule];
for (const module of all) osModuleSuite(module);

test("R45: modules are found by name, and no two have the same", () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});

test("R13: Windows is one module over two control channels: it says the same over each, and passes its suite", () => {
  const said = ["windows", "windows-over-ssh"].map((name) => {
    const module = shipped.osModules.find((each) => each.name === name);
    if (module === undefined) throw new Error(`no OS module ${name}`);
    const world = inUse(module);
    world.endReservation();
    while (world.state === "reclaiming") world.answer();
    const spoken = world.sent.flatMap(({ actions }) => actions).filter(({ verb }) => verb.startsWith("os."));
    return {
      channels: new Set(spoken.map((each) => ("channel" in each ? each.channel : "ssh"))),
      words: spoken.map((each) => ({ ...each, channel: null })),
    };
  });
  expect(said.map(({ channels }) => [...channels])).toEqual([["winrm"], ["ssh"]]);
  expect(said[0]?.words).toEqual(said[1]?.words);
  expect(said[0]?.words.map(({ verb }) => verb)).toEqual([
    "os.reach",
    "os.probe",
    "os.address",
    "os.run",
    "os.probe",
    "os.run",
    "os.run",
    "os.probe",
  ]);
});

test("R45: a stranger's modules are found in the file that he names, and a file without one is said to have none", async () => {
  const files = ["examples/build-systems/minimal.ts", "examples/os-modules/minimal.ts"];
  expect(await strangers(files)).toEqual({
    buildSystems: [{ buildSystem: minimalBuildSystem.buildSystem }],
    osModules: [minimal.osModule],
  });
  expect(() => modulesOf("mine.ts", { module: {} })).toThrow("exports neither buildSystem nor osModule");
  expect(() => modulesOf("mine.ts", { osModule: { name: "mine" } })).toThrow("no postLoad");
  expect(() => modulesOf("mine.ts", { buildSystem: { load: () => [] } })).toThrow("no name");
});

test("R21: the example of each kind of module is under 60 lines", () => {
  const lines = (file: string): number => readFileSync(file, "utf8").trimEnd().split("\n").length;
  const examples = [
    "build-systems/minimal.ts",
    "os-modules/minimal.ts",
    "external/xcat",
    "external/cobbler",
    "external/answer.mjs",
    "external/background.mjs",
  ];
  for (const each of examples) expect(lines(`examples/${each}`), each).toBeLessThan(60);
});
