import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { explain } from "../../lib/contracts/scalars.ts";

const example = JSON.parse(readFileSync(join(import.meta.dirname, "../../examples/lab.json"), "utf8"));
const [first, second] = example.nodes;

const refusal = (change: object): string => {
  const parsed = labFile.safeParse({ ...example, ...change });
  return parsed.success ? "it was taken" : explain(parsed.error);
};

describe("examples/lab.json", () => {
  const lab = labFile.parse(example);

  test("is lab blue with twelve nodes behind one lab controller", () => {
    expect(lab.lab).toBe("blue");
    expect(lab.controllers).toEqual(["mi-0123456789abcdef0"]);
    expect(lab.nodes.map(({ id }) => id)).toEqual(
      Array.from({ length: 12 }, (_, index) => `node-${String(index + 1).padStart(2, "0")}`),
    );
  });

  test("gives every node a BMC and a MAC of its own, and the name of a secret, not the secret", () => {
    expect(new Set(lab.nodes.map(({ bmc }) => bmc.address)).size).toBe(12);
    expect(new Set(lab.nodes.flatMap(({ macs }) => macs)).size).toBe(12);
    for (const { bmc } of lab.nodes)
      expect(bmc).toMatchObject({ driver: "redfish", credential: "bmc/blue", quiescentSeconds: 0 });
  });

  test("puts every node into a rack by a tag", () => {
    for (const { tags } of lab.nodes) expect(tags.filter((tag) => tag.startsWith("rack-"))).toHaveLength(1);
  });
});

describe("a lab file", () => {
  test("need not say what most labs would", () => {
    const { class: _class, tags: _tags, ...node } = first;
    const { quiescentSeconds: _seconds, ...bmc } = node.bmc;
    const parsed = labFile.parse({ ...example, nodes: [{ ...node, bmc }] });
    expect(parsed.nodes[0]).toMatchObject({ class: "standard", tags: [], bmc: { quiescentSeconds: 0 } });
  });

  test.each<[string, object, string[]]>([
    [
      "a node that stands twice",
      { nodes: [first, { ...second, id: first.id }] },
      ["nodes.1.id: ", "node-01"],
    ],
    [
      "a MAC that two nodes have",
      { nodes: [first, { ...second, macs: [...second.macs, ...first.macs] }] },
      ["nodes.1.macs.1: ", first.macs[0], "node-01"],
    ],
    [
      "a MAC that one node has twice",
      { nodes: [{ ...first, macs: [...first.macs, ...first.macs] }] },
      ["nodes.0.macs.1: ", first.macs[0]],
    ],
    [
      "a MAC in capitals",
      { nodes: [{ ...first, macs: ["52:54:00:B1:00:01"] }] },
      ["nodes.0.macs.0: ", "lower case"],
    ],
    [
      "a node whose id is a path",
      { nodes: [first, { ...second, id: "../node" }] },
      ["nodes.1.id: ", "node id"],
    ],
    ["an unknown field of a lab", { colour: "blue" }, ["(whole message): ", '"colour"']],
    ["an unknown field of a node", { nodes: [{ ...first, colour: "red" }] }, ["nodes.0: ", '"colour"']],
    [
      "a password",
      { nodes: [{ ...first, bmc: { ...first.bmc, password: "hunter2" } }] },
      ["nodes.0.bmc: ", '"password"'],
    ],
    [
      "a secret instead of its name",
      { nodes: [{ ...first, bmc: { ...first.bmc, credential: "Hunter2!" } }] },
      ["nodes.0.bmc.credential: ", "is not the name of a secret"],
    ],
    [
      "a secret outside the agent's folder",
      { nodes: [{ ...first, bmc: { ...first.bmc, credential: "bmc/../../etc/shadow" } }] },
      ["nodes.0.bmc.credential: ", "must not contain .."],
    ],
    [
      "a driver that is a program",
      { nodes: [{ ...first, bmc: { ...first.bmc, driver: "/bin/sh" } }] },
      ["nodes.0.bmc.driver: ", "is not a power driver's name"],
    ],
    [
      "a pause before time",
      { nodes: [{ ...first, bmc: { ...first.bmc, quiescentSeconds: -1 } }] },
      ["nodes.0.bmc.quiescentSeconds: "],
    ],
    [
      "a controller that SSM would not know",
      { controllers: ["mi-0123456789abcdef0", "my-server"] },
      ["controllers.1: ", "is not a valid lab controller id", "17 hexadecimal digits"],
    ],
    ["no controller", { controllers: [] }, ["controllers: "]],
    ["no nodes", { nodes: [] }, ["nodes: "]],
    ["another schema", { schema: "rackwright.lab/2" }, ["schema: ", "rackwright.lab/1"]],
  ])("with %s is refused, saying what and where", (_what, change, words) => {
    const reason = refusal(change);
    for (const word of words) expect(reason).toContain(word);
    expect(reason).not.toMatch(/hunter2/i);
  });
});

test("a file that was read is a file again: switches and BIOS profiles with all that was left out", () => {
  const given = {
    schema: "rackwright.lab/1",
    lab: "blue",
    controllers: ["mi-0123456789abcdef0"],
    switches: { tor: { driver: "vlan.mjs", reserved: { vlan: "30" } } },
    biosProfiles: { virtual: { attributes: { Sriov: "Enabled", Numa: 2 } } },
    nodes: [
      {
        id: "node-01",
        macs: ["52:54:00:00:00:01"],
        bmc: { driver: "redfish", address: "https://bmc", credential: "bmc/blue" },
        switchPort: { switch: "tor", port: "eth1" },
        biosProfile: "virtual",
      },
    ],
  };
  const read = labFile.parse(given);
  expect(labFile.parse(JSON.parse(JSON.stringify(read)))).toEqual(read);
});
