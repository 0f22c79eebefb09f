import { expect, it } from "vitest";
import {
  capacityOf,
  type Hardware,
  lacking,
  meets,
  minimumText,
  strictest,
} from "../../lib/core/node/hardware.ts";

const gib = 2 ** 30;
const machine: Hardware = {
  cpus: 16,
  memoryMiB: 65_536,
  disks: [
    { name: "sda", sizeBytes: 200 * gib },
    { name: "sdb", sizeBytes: 480 * gib - 1 },
  ],
  nics: [{ mac: "52:54:00:00:00:01" }, { mac: "52:54:00:00:00:02" }],
  features: ["nvme", "gpu"],
};

it("a machine meets what it has exactly, and not one more of anything", () => {
  const has = { cpus: 16, memoryMiB: 65_536, diskGiB: 479, nics: 2, features: ["gpu"] };
  expect(meets(machine, has)).toBe(true);
  for (const more of [
    { cpus: 17 },
    { memoryMiB: 65_537 },
    { diskGiB: 480 },
    { nics: 3 },
    { features: ["gpu", "tpm"] },
  ])
    expect(meets(machine, { ...has, ...more }), JSON.stringify(more)).toBe(false);
});

it("an image goes onto one disk: two small ones do not make a large one", () => {
  expect(meets(machine, { diskGiB: 600 })).toBe(false);
});

it("a machine of which nothing is known meets what asks for nothing, and nothing else", () => {
  expect(meets(null, {})).toBe(true);
  expect(meets(null, { cpus: 1 })).toBe(false);
  expect(lacking(null, { memoryMiB: 1024, features: ["gpu"] })).toEqual([
    "1024 MiB of memory (not known)",
    "the feature gpu",
  ]);
});

it("says what is lacking, with what there is", () => {
  expect(lacking(capacityOf(machine), { memoryMiB: 131_072, cpus: 2, features: ["gpu", "tpm"] })).toEqual([
    "131072 MiB of memory (it has 65536)",
    "the feature tpm",
  ]);
});

it("what meets the strictest of two meets both, and the other way round", () => {
  const a = { cpus: 8, features: ["gpu"] };
  const b = { cpus: 4, memoryMiB: 1024, features: ["nvme", "gpu"] };
  expect(strictest(a, b)).toEqual({ cpus: 8, memoryMiB: 1024, features: ["gpu", "nvme"] });
  expect(strictest({}, {})).toEqual({});
  expect(minimumText(strictest(a, b))).toBe("8 CPUs, 1024 MiB of memory, gpu, nvme");
});
