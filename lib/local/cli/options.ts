/** The command line of `npm start`. Whatever is wrong with it is one clear line, and exit code 2. */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { mostNodes } from "../../contracts/job.ts";
import { type Phase, phases } from "../../core/command.ts";
import { type RackKindName, rackKindOf, rackKinds } from "../rack/kinds.ts";

/** The caller's mistake: told in one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Hang {
  readonly node: string;
  readonly phase: Phase;
}

export interface Options {
  readonly help: boolean;
  /** One reservation through to the end of its reclaim, then exit. */
  readonly once: boolean;
  readonly json: boolean;
  readonly rack: RackKindName;
  /** What QEMU machines are cabled to: QEMU's own networks, or one network in a namespace, with dnsmasq. */
  readonly net: "user" | "tap";
  readonly lab: string;
  /** A disk image to import; null: a small demonstration image is made. */
  readonly image: string | null;
  readonly count: number;
  readonly port: number;
  readonly data: string;
  /** Where machines find the lab controller, if not where those of the rack do. */
  readonly agentUrl: string | null;
  /** What is in the rack where that is not what the lab says; null: what the lab says. */
  readonly machines: string | null;
  readonly hangs: readonly Hang[];
  readonly deadBmcs: readonly string[];
  readonly badImage: boolean;
}

export const help = `Rackwright on one machine: an embedded stack, a virtual lab, and one reservation on it.

  npm start                      run the main job and stay up until Ctrl-C
  npm start -- --once --json     one reservation through to the end of its reclaim, as lines of JSON

Options
  --rack KIND        virtual (default), or qemu: real machines in software, with IPMI, PXE and disks (docs/metal.md)
  --net KIND         of QEMU machines: user (default), or tap: a bridge in a network namespace, with dnsmasq; wants root
  --lab FILE         the lab to run (default: examples/lab.json; with --rack qemu: examples/metal.json)
  --machines FILE    what is in the virtual rack, if not what the lab says (docs/identification.md)
  --image FILE       a disk image to import and load (default: a small demonstration image is made)
  --count N          how many nodes to reserve (default: 3; with --rack qemu: 2)
  --port N           port of the HTTP API and the status page (default: 8750)
  --agent-url URL    where machines of libvirt find the lab controller (docs/metal.md)
  --data DIR         where everything is kept; a restart carries on from there (default: .rackwright)
  --once             end the reservation when it is ready, wait for its reclaim, exit 0; any other end exits 1
  --json             one line of JSON per event

Faults, to see the repair
  --hang NODE:PHASE  the node stops in that phase until it is power-cycled; phases: firmware, build, kernel, init, run
  --dead-bmc NODE    the node's BMC answers nothing from now on
  --bad-image        the image is damaged in the store after it was imported

  --help             this text
`;

const firstPorts = 1024;

export function readOptions(argv: readonly string[]): Options {
  const { values } = parse(argv);
  const rack = rackKinds.find((name) => name === values.rack);
  if (rack === undefined)
    throw new UsageError(`--rack: ${rackKinds.join(" or ")} is wanted, not ${JSON.stringify(values.rack)}`);
  const { net } = values;
  if (net !== "user" && net !== "tap")
    throw new UsageError(`--net: user or tap is wanted, not ${JSON.stringify(net)}`);
  if (net === "tap" && rack !== "qemu") throw new UsageError("--net tap: only with --rack qemu");
  const kind = rackKindOf[rack];
  const options: Options = {
    help: values.help,
    once: values.once,
    json: values.json,
    rack,
    net,
    lab: existingFile("--lab", values.lab ?? kind.lab),
    machines: values.machines === undefined ? null : existingFile("--machines", values.machines),
    image: values.image === undefined ? null : existingFile("--image", values.image),
    count: integer("--count", values.count ?? String(kind.usualCount), 1, mostNodes),
    port: integer("--port", values.port, firstPorts, 65_535),
    data: resolve(values.data),
    agentUrl: agentUrl(values["agent-url"]),
    hangs: values.hang.map(hang),
    deadBmcs: values["dead-bmc"],
    badImage: values["bad-image"],
  };
  return options;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        help: { type: "boolean", default: false },
        once: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        rack: { type: "string", default: "virtual" },
        net: { type: "string", default: "user" },
        lab: { type: "string" },
        image: { type: "string" },
        machines: { type: "string" },
        count: { type: "string" },
        port: { type: "string", default: "8750" },
        data: { type: "string", default: ".rackwright" },
        "agent-url": { type: "string" },
        hang: { type: "string", multiple: true, default: [] },
        "dead-bmc": { type: "string", multiple: true, default: [] },
        "bad-image": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Node's own text goes on about positional arguments; its first sentence is the one that helps.
    throw new UsageError(`${message.split(/[.] /)[0] ?? message} (see --help)`);
  }
}

function existingFile(option: string, path: string): string {
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`${option}: there is no file ${file}`);
  if (!statSync(file).isFile()) throw new UsageError(`${option}: ${file} is not a file`);
  return file;
}

function integer(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(
    `${option}: a whole number from ${least} to ${most} is wanted, not ${JSON.stringify(text)}`,
  );
}

function agentUrl(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^https?:\/\/[^/?#]+$/.test(text)) return text;
  throw new UsageError(`--agent-url: http://HOST:PORT is wanted, not ${JSON.stringify(text)}`);
}

const isPhase = (text: string | undefined): text is Phase =>
  phases.some((phase) => phase === text && phase !== "off" && phase !== "unknown");

function hang(text: string): Hang {
  const [node, phase, ...rest] = text.split(":");
  if (node !== undefined && node !== "" && isPhase(phase) && rest.length === 0) return { node, phase };
  throw new UsageError(
    `--hang: NODE:PHASE is wanted with a phase of firmware, build, kernel, init, run, not ${JSON.stringify(text)}`,
  );
}
