import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { descriptionOf, specOf } from "../../lib/core/inventory/description.ts";
import { isEmpty, knownOf, planOf } from "../../lib/inventory/plan.ts";
import { problemText, readLabFile } from "../../lib/inventory/read.ts";
import { formats, writeLabFile } from "../../lib/inventory/write.ts";

const text = (name: string) => readFileSync(join(import.meta.dirname, "../../examples", name), "utf8");
const yaml = text("lab.yaml");

function fileIn(content: string) {
  const reading = readLabFile(content);
  if (!reading.ok) throw new Error(reading.problems.map((each) => problemText("file", each)).join("\n"));
  return reading.read.file;
}

function problemsIn(content: string): readonly string[] {
  const reading = readLabFile(content);
  return reading.ok ? [] : reading.problems.map((each) => problemText("lab.yaml", each));
}

const lineOf = (content: string, part: string) => content.slice(0, content.indexOf(part)).split("\n").length;

describe("a lab file as a person writes it", () => {
  test("R74, R75, R78, R79: says of each node its rack, outlets, console, switch port and BIOS profile", () => {
    const { nodes } = fileIn(yaml);
    expect(nodes.find(({ id }) => id === "g-101")).toMatchObject({
      class: "gpu",
      tags: ["rack-g1", "a100"],
      bmc: { driver: "redfish", address: "https://g-101-bmc.green.example", credential: "bmc/green" },
      rack: { name: "g1", unit: 10, height: 4 },
      outlets: [
        { domain: "pdu-g1-left", outlet: "10" },
        { domain: "pdu-g1-right", outlet: "10" },
      ],
      console: { driver: "ipmi-sol", address: "g-101-bmc.green.example" },
      switchPort: { switch: "sw-g1", port: "10" },
      biosProfile: "graphics",
      uuid: "4c4c4544-0042-4710-8058-b4c04f473232",
      hardware: {
        cpus: 128,
        memoryMiB: 1_048_576,
        disks: [{ name: "nvme0n1" }],
        features: ["gpu", "nvlink"],
      },
    });
  });

  test("need not repeat what nodes have in common: what stands nearer to the node wins", () => {
    const content = `{schema: rackwright.lab/1, lab: a, controllers: [mi-0123456789abcdef0],
defaults: {class: small, bmc: {driver: redfish, credential: a, address: "https://{id}"}},
templates: {big: {class: large, bmc: {credential: b}}},
nodes: [{id: n1, macs: ["52:54:00:00:00:01"]},
 {id: n2, macs: ["52:54:00:00:00:02"], template: big},
 {id: n3, macs: ["52:54:00:00:00:03"], template: big, class: own, bmc: {address: "https://{id}"}}]}`;
    expect(fileIn(content).nodes.map((node) => [node.class, node.bmc.credential, node.bmc.address])).toEqual([
      ["small", "a", "https://n1"],
      ["large", "b", "https://n2"],
      ["own", "b", "https://{id}"],
    ]);
  });

  test("may be JSON as ever: every lab file of before is one", () => {
    for (const name of ["lab.json", "metal.json"])
      expect(fileIn(text(name))).toEqual(labFile.parse(JSON.parse(text(name))));
  });
});

describe("what contradicts itself is refused, with both places", () => {
  const of = (from: string, to: string) => {
    const content = yaml.replace(from, to);
    expect(content).not.toBe(yaml);
    return { content, problems: problemsIn(content) };
  };

  test.each([
    ["two nodes on one MAC", "b2:00:03", "b2:00:01", "MAC 52:54:00:b2:00:01 is already that of node g-001"],
    [
      "one outlet",
      'pdu-g1-left, outlet: "3"',
      'pdu-g1-left, outlet: "2"',
      "outlet 2 of pdu-g1-left is already",
    ],
    [
      "one switch port",
      'sw-g1, port: "3"',
      'sw-g1, port: "1"',
      "port 1 of switch sw-g1 is already that of node g-001",
    ],
    ["one serial number", "GX7K003", "GX7K002", "serial number GX7K002 is already that of node g-002"],
    [
      "one unit of a rack",
      "name: g1, unit: 10",
      "name: g1, unit: 3",
      "unit 3 of rack g1 is already that of node g-003",
    ],
    ["one name", "- id: g-002", "- id: g-001", "node g-001 stands twice"],
    [
      "one BMC",
      "    serial: GX7K002",
      '    serial: x\n    bmc: { address: "https://g-001-bmc.green.example" }',
      "BMC https://g-001-bmc.green.example is already that of node g-001",
    ],
    [
      "one console",
      "    serial: GX7K002",
      '    serial: x\n    console: { address: "g-001-bmc.green.example" }',
      "console ipmi-sol g-001-bmc.green.example is already that of node g-001",
    ],
  ])("%s", (_, from, to, message) => {
    const { problems } = of(from, to);
    const [problem] = problems.filter((each) => each.includes(message));
    expect(problem, problems.join("\n")).toMatch(/^lab\.yaml:\d+:\d+: nodes\.\d\..* \(lab\.yaml:\d+:\d+\)$/);
  });

  test("the places are those of the two lines", () => {
    const { content, problems } = of("b2:00:03", "b2:00:01");
    const [first, second] = content
      .split("\n")
      .flatMap((line, index) => (line.includes('"52:54:00:b2:00:01"') ? [index + 1] : []));
    expect(problems).toEqual([
      `lab.yaml:${second}:12: nodes.2.macs.0: MAC 52:54:00:b2:00:01 is already that of node g-001 (lab.yaml:${first}:12)`,
    ]);
  });

  test.each([
    ["a class", "    class: gpu", "    class: gpus", "there is no class gpus: classes has compute, gpu"],
    [
      "a power domain",
      'domain: pdu-g1-left, outlet: "1"',
      'domain: pdu, outlet: "1"',
      "there is no power domain pdu:",
    ],
    [
      "a BIOS profile",
      "  biosProfile: cluster",
      "  biosProfile: clutser",
      "there is no BIOS profile clutser: biosProfiles has cluster, graphics",
    ],
    [
      "a rack",
      "rack: { name: g1, unit: 1 }",
      "rack: { name: g7, unit: 1 }",
      "there is no rack g7: racks has g1",
    ],
    [
      "a switch",
      'switch: sw-g1, port: "1"',
      'switch: sw, port: "1"',
      "there is no switch sw: switches has sw-g1",
    ],
    [
      "a template",
      "template: accelerated",
      "template: fast",
      'there is no template "fast": templates has accelerated',
    ],
    [
      "an outlet",
      'pdu-g1-left, outlet: "3"',
      'pdu-g1-left, outlet: "25"',
      "pdu-g1-left has 24 outlets, not 25",
    ],
    ["a unit", "unit: 10, height: 4", "unit: 40, height: 4", "rack g1 has 42 units, not 43"],
    [
      "the hardware of its class",
      "memoryMiB: 1048576",
      "memoryMiB: 1024",
      "class gpu is to have at least 524288 MiB of memory (it has 1024)",
    ],
    ["a field", "serial: GX7K003", "seriall: GX7K003", "nodes.2.seriall: there is no such field"],
  ])("%s that there is not, at its line", (_, from, to, message) => {
    const { content, problems } = of(from, to);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
    expect(problems[0]).toContain(`lab.yaml:${lineOf(content, to)}:`);
  });

  test("in JSON as well, and where the text is no lab file at all", () => {
    const json = JSON.stringify(JSON.parse(text("lab.json")), null, 2).replace("b1:00:02", "b1:00:01");
    expect(problemsIn(json)[0]).toMatch(
      /^lab\.yaml:\d\d:\d+: nodes\.1\.macs\.0: MAC .* \(lab\.yaml:\d\d:\d+\)$/,
    );
    for (const junk of ["", "42", "nodes: [", "nodes: 7", "[]", "a: &a [*a]", "\u0000", "nodes: [7, null]"])
      expect(problemsIn(junk).length, junk).toBeGreaterThan(0);
  });

  test("an alias that repeats itself without end does not fill the memory", () => {
    const bomb = [
      "a: &a [x, x]",
      ...Array.from(
        { length: 40 },
        (_, i) => `b${i}: &b${i} [*${i === 0 ? "a" : `b${i - 1}`}, *${i === 0 ? "a" : `b${i - 1}`}]`,
      ),
    ].join("\n");
    expect(problemsIn(bomb).length).toBeGreaterThan(0);
  });
});

describe("export", () => {
  const known = (content: string) => {
    const { schema: _, lab, nodes, ...settings } = fileIn(content);
    const found = knownOf([
      { lab, settings, nodes: nodes.map((node) => descriptionOf(specOf(node, lab))), next: null },
    ]);
    if (found === null) throw new Error("a lab with a page is there");
    return { lab, found };
  };

  test.each(formats)("importing what was exported as %s plans nothing", (format) => {
    for (const name of ["lab.yaml", "lab.json", "metal.json"]) {
      const { lab, found } = known(text(name));
      const again = fileIn(writeLabFile(lab, found, format));
      expect(isEmpty(planOf(again, found, [])), name).toBe(true);
    }
  });

  test("whatever words, numbers and options people use come back as they were", () => {
    const word = fc.stringMatching(/^[!-~][ -~]{0,20}$/).filter((each) => each.length > 0);
    const node = fc.record(
      {
        class: word,
        tags: fc.array(word, { maxLength: 3 }),
        serial: word,
        assetTag: word,
        option: word,
        quiet: fc.integer({ min: 0, max: 600 }),
        domain: word,
      },
      { requiredKeys: ["class", "tags", "option", "quiet"] },
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(node, {
          minLength: 1,
          maxLength: 5,
          selector: ({ serial }) => serial ?? Math.random(),
        }),
        (all) => {
          const file = labFile.parse({
            schema: "rackwright.lab/1",
            lab: "a",
            controllers: ["mi-0123456789abcdef0"],
            racks: { yes: { units: 3 } },
            nodes: all.map(({ option, quiet, domain, ...each }, index) => ({
              ...each,
              id: `n${index}`,
              macs: [`52:54:00:10:20:${30 + index}`],
              bmc: {
                driver: "fence",
                address: "10.0.0.1",
                options: { plug: String(index), note: option },
                credential: "a",
                quiescentSeconds: quiet,
                ...(domain === undefined ? {} : { domain }),
              },
            })),
          });
          const { schema: _, lab, nodes, ...settings } = file;
          const found = knownOf([
            { lab, settings, nodes: nodes.map((each) => descriptionOf(specOf(each, lab))), next: null },
          ]);
          if (found === null) throw new Error("a lab with a page is there");
          for (const format of formats)
            expect(planOf(fileIn(writeLabFile("a", found, format)), found, [])).toMatchObject({
              settings: [],
              added: [],
              changed: [],
            });
        },
      ),
      { seed: 8, numRuns: 200 },
    );
  });

  test("what all nodes have alike stands once", () => {
    const { lab, found } = known(text("lab.json"));
    const written = writeLabFile(lab, found, "yaml");
    expect(written.match(/credential/g)).toHaveLength(1);
    expect(written.split("\n").length).toBeLessThan(70);
  });
});
