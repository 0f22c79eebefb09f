/** What a lab's people say of its racks, power, switches and profiles, and of where each node stands among them. */
import * as z from "zod";
import type { Wiring } from "../core/node/wiring.ts";
import { consoleSettings } from "./console.ts";
import { hardware, minimumHardware } from "./hardware.ts";
import { labId, nodeId, words } from "./scalars.ts";

const name = words(63);
/** Power domains were always called as their people like, up to so long. */
const domainName = words(128);
const options = z.record(words(63), words(256)).refine((all) => Object.keys(all).length <= 20, {
  message: "are more than 20",
});

/** Of a node. */
export const wiring = {
  rack: z
    .strictObject({ name, unit: z.int().min(1).max(100), height: z.int().min(1).max(16).default(1) })
    .exactOptional()
    .describe("Where it stands: name (of racks), unit (the lowest that it takes up), height (in units; 1)."),
  outlets: z
    .array(z.strictObject({ domain: domainName, outlet: name }))
    .max(8)
    .exactOptional()
    .describe("What its power supplies are plugged into: domain (of powerDomains) and outlet of each."),
  console: z
    .strictObject({
      driver: consoleSettings.shape.driver,
      address: consoleSettings.shape.address,
      options: consoleSettings.shape.options.exactOptional(),
      credential: consoleSettings.shape.credential.unwrap().exactOptional(),
    })
    .exactOptional()
    .describe("How its serial console is reached (docs/consoles.md): driver, address, options, credential."),
  switchPort: z
    .strictObject({ switch: name, port: name })
    .exactOptional()
    .describe("What its network cable is plugged into: switch (of switches) and port."),
  biosProfile: name.exactOptional().describe("What its BIOS is to be set to: one of biosProfiles."),
  uuid: z
    .string()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "is not a UUID in lower case")
    .exactOptional()
    .describe("Its system UUID, as its firmware tells it (DMI). Two nodes cannot have the same."),
  serial: words(128).exactOptional().describe("Its serial number. Two nodes cannot have the same."),
  assetTag: words(128).exactOptional().describe("What its owner has glued onto it."),
  hardware: hardware
    .exactOptional()
    .describe(
      "What it is made of, where its people know: cpus, memoryMiB, disks, nics, features, firmware, system.",
    ),
};

/** A node has it in common with its description. */
export const wiringShape: z.ZodType<Wiring> = z.strictObject(wiring);

/** Of a lab. */
export const surroundings = {
  racks: z
    .record(
      name,
      z.strictObject({
        units: z.int().min(1).max(100).default(42),
        location: words(200).exactOptional(),
      }),
    )
    .default({})
    .describe("Its racks by name: units (42), location."),
  powerDomains: z
    .record(
      domainName,
      z.strictObject({
        address: words(256).exactOptional(),
        outlets: z.int().min(1).max(1000).exactOptional(),
        rack: name.exactOptional(),
      }),
    )
    .default({})
    .describe(
      "What switches several nodes, such as a PDU or a chassis, by name: address, outlets (how many), rack.",
    ),
  switches: z
    .record(
      name,
      z.strictObject({
        driver: name.exactOptional(),
        address: words(256).exactOptional(),
        options: options.exactOptional(),
        credential: words(128).exactOptional(),
        ports: z.int().min(1).max(10_000).exactOptional(),
        rack: name.exactOptional(),
      }),
    )
    .default({})
    .describe(
      "Its network switches by name: address, ports (how many), rack; driver, options and credential.",
    ),
  biosProfiles: z
    .record(
      name,
      z.strictObject({
        attributes: z.record(words(128), z.union([words(256), z.number(), z.boolean()])),
      }),
    )
    .default({})
    .describe("What the BIOS of its nodes is to be set to, by name: attributes, as the machine calls them."),
  classes: z
    .record(
      name,
      z.strictObject({ is: words(200).exactOptional(), minimum: minimumHardware.exactOptional() }),
    )
    .default({})
    .describe(
      "Its classes of nodes by name: is (in words), minimum (hardware). Once there is one, a node can be of no other.",
    ),
};

/** One item of the table holds all of it. */
const mostCharacters = 300_000;

export const inventory = z
  .strictObject({ lab: labId, version: z.int().min(1), ...surroundings })
  .refine((value) => JSON.stringify(value).length <= mostCharacters, {
    message: `racks, power domains, switches, profiles and classes are more than ${mostCharacters} characters in all`,
  });

export type Inventory = z.infer<typeof inventory>;

/** What only one node can have (lib/core/inventory/claims.ts), and who has it; null: nobody any more. */
export const identity = z.strictObject({
  id: z.string(),
  version: z.int().min(1),
  node: nodeId.nullable(),
});
export type Identity = z.infer<typeof identity>;
