/** The agent's configuration: one JSON file on the lab controller. It names where secrets are, never what they are. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { controllerId, explain, labId } from "../contracts/scalars.ts";
import { consoleMeanings } from "../core/console/console.ts";
import { type ConsolePattern, shippedPatterns } from "../core/console/patterns.ts";

const limits = {
  /** Commands under way, each for another node. */
  commandsAtOnce: z.int().min(1).max(1000).default(256),
  /** Programs that run at once: a fence agent takes 26 MB. */
  toolsAtOnce: z.int().min(1).max(256).default(24),
  /** Reports that are kept while the queue cannot be reached. Results are kept whatever their number. */
  reportsKept: z.int().min(100).max(1_000_000).default(20_000),
  /** Images that no node was given for so long are dropped here, and fetched again when one is. */
  unusedImageDays: z.int().min(1).max(3650).default(30),
  /** How often it is told how far a write has got: each time costs as much as a look at the node. */
  progressSeconds: z.number().min(0.25).max(60).default(60),
};

/** A line that this lab's machines print, and what it means (docs/consoles.md). */
const pattern = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, "is not the name of a pattern"),
  pattern: z.string().min(1).max(500).refine(isExpression, "is not a regular expression"),
  means: z.enum(consoleMeanings),
});

function isExpression(text: string): boolean {
  try {
    new RegExp(text, "i");
    return true;
  } catch {
    return false;
  }
}

const consoles = {
  bytesPerBoot: z
    .int()
    .min(16 * 1024)
    .max(256 * 1024 * 1024)
    .default(1024 * 1024),
  bootsKept: z.int().min(1).max(1000).default(8),
  /** Beside those that ship (lib/core/console/patterns.ts). */
  patterns: z.array(pattern).max(200).default([]),
};

export const agentConfig = z.strictObject({
  schema: z.literal("rackwright.agent/1"),
  controller: controllerId,
  lab: labId,
  stateDir: z.string().min(1),
  secretsDir: z.string().min(1),
  /** Holds `kernel` and `ramdisk`, which network boots are given. */
  bootFilesDir: z.string().min(1),
  listen: z.strictObject({ host: z.string(), port: z.int().min(0).max(65_535) }),
  /** How nodes reach this agent. */
  publicUrl: z.url(),
  /** The other controllers of the lab, by their `publicUrl`: asked when this one has allowed a node no network boot. */
  peers: z.array(z.url()).max(7).default([]),
  /** Images are fetched from `{imageStoreUrl}/{sha256}`. */
  imageStoreUrl: z.url(),
  reports: z.strictObject({ queueUrl: z.url(), endpoint: z.url(), region: z.string() }),
  /** Where power scripts of the lab's own are (driver `exec`). */
  scriptsDir: z.string().min(1).default("/etc/rackwright/power-scripts"),
  /** Where executables that wrap other build systems are (docs/build-systems.md). */
  buildersDir: z.string().min(1).default("/etc/rackwright/build-systems"),
  /** Where executables that set switch ports are (docs/network.md). */
  switchDriversDir: z.string().min(1).default("/etc/rackwright/switch-drivers"),
  /** Where executables that read and set firmware, and those that test machines, are (docs/maintenance.md). */
  biosDriversDir: z.string().min(1).default("/etc/rackwright/bios-drivers"),
  testsDir: z.string().min(1).default("/etc/rackwright/tests"),
  /** Distributions that this lab has registered, and templates for their installers. */
  distrosDir: z.string().min(1).default("/etc/rackwright/distros"),
  templatesDir: z.string().min(1).default("/etc/rackwright/templates"),
  /** Programs of the lab's own that print what a console prints (console driver `exec`). */
  consoleScriptsDir: z.string().min(1).default("/etc/rackwright/console-scripts"),
  consoles: z.strictObject(consoles).prefault({}),
  /** Machines that nobody knows are given the ramdisk, which tells what they are (docs/identification.md). */
  discovery: z.boolean().default(false),
  limits: z.strictObject(limits).prefault({}),
});
export type AgentConfig = z.infer<typeof agentConfig>;

/** The lab's own come first: it may know better what a line means. */
export const patternsOf = ({ consoles: { patterns } }: AgentConfig): readonly ConsolePattern[] => [
  ...patterns.map(({ name, pattern: text, means }) => ({ name, pattern: new RegExp(text, "i"), means })),
  ...shippedPatterns,
];

/** What is wrong with the configuration or the command line: told in one line, exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export function readConfig(file: string): AgentConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = agentConfig.safeParse(value);
  if (!parsed.success) throw new ConfigError(`${file}: ${explain(parsed.error)}`);
  return parsed.data;
}
