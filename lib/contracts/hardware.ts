/** What a machine is made of, as files and agents tell it, and as it is stored. */
import * as z from "zod";
import type { BmcFacts, Capacity, Hardware, MinimumHardware } from "../core/node/hardware.ts";
import { mac, words } from "./scalars.ts";

const feature = words(63);
const features = z.array(feature).max(50);
const cpus = z.int().min(1).max(65_536);
const memoryMiB = z.int().min(1).max(1_073_741_824);
const nicCount = z.int().min(0).max(64);

export const hardware = z.strictObject({
  cpus: cpus.describe("Logical processors."),
  memoryMiB: memoryMiB.describe("Memory, in MiB."),
  disks: z
    .array(
      z.strictObject({
        name: words(63),
        sizeBytes: z.int().min(0),
        serial: words(128).exactOptional(),
      }),
    )
    .max(256)
    .default([])
    .describe("name, sizeBytes, and serial where it is known."),
  nics: z
    .array(
      z.strictObject({
        mac,
        name: words(63).exactOptional(),
        speedMbps: z.int().min(0).exactOptional(),
        link: z.enum(["up", "down"]).exactOptional(),
      }),
    )
    .max(64)
    .default([])
    .describe("mac; name, speedMbps and link where they are known."),
  features: features.exactOptional().describe("What a reservation may ask for besides numbers: [gpu, nvme]."),
  firmware: z
    .strictObject({ vendor: words(128), version: words(128) })
    .exactOptional()
    .describe("vendor, version."),
  system: z
    .strictObject({
      manufacturer: words(128).exactOptional(),
      product: words(128).exactOptional(),
      uuid: words(128).exactOptional(),
      serial: words(128).exactOptional(),
      assetTag: words(128).exactOptional(),
    })
    .exactOptional()
    .describe("manufacturer, product, uuid, serial, assetTag, as its firmware tells them (DMI)."),
  lldp: z
    .array(
      z.strictObject({
        mac,
        chassis: words(128),
        port: words(128),
        systemName: words(255).exactOptional(),
      }),
    )
    .max(64)
    .exactOptional()
    .describe("What its neighbours on the cable say: mac of the interface, chassis, port, systemName."),
}) satisfies z.ZodType<Hardware>;

export const bmcFacts = z.strictObject({
  cpus: cpus.exactOptional(),
  memoryMiB: memoryMiB.exactOptional(),
  firmware: words(128).exactOptional(),
  uuid: words(128).exactOptional(),
  serial: words(128).exactOptional(),
}) satisfies z.ZodType<BmcFacts>;

export const capacity = z.strictObject({
  cpus: z.number().min(0),
  memoryMiB: z.number().min(0),
  diskGiB: z.number().min(0),
  nics: z.number().min(0),
  features: z.array(z.string()),
}) satisfies z.ZodType<Capacity>;

export const minimumHardware = z.strictObject({
  cpus: cpus.exactOptional().describe("Logical processors."),
  memoryMiB: memoryMiB.exactOptional().describe("Memory, in MiB."),
  diskGiB: z.int().min(1).max(67_108_864).exactOptional().describe("On the largest disk, in GiB."),
  nics: nicCount.exactOptional().describe("Network interfaces."),
  features: features.exactOptional().describe("All of these."),
}) satisfies z.ZodType<MinimumHardware>;
