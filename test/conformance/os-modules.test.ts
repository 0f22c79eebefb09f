import { expect, test } from "vitest";
import { firmwareAppliance } from "../../examples/os-module.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import { inUse, osModuleSuite } from "./os-modules.ts";

const all = [...shipped.osModules, firmwareAppliance];
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
