/**
 * `rackwright-agent install`: puts the program, its unit, its directories and a configuration in place, and says what is
 * missing. Doing it again changes only the program and the unit: what people have set up stays.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError } from "./config.ts";
import { unit, unitName } from "./unit.ts";

export interface InstallSettings {
  /** `/`, or where a system is being put together. */
  readonly root: string;
  readonly controller: string;
  readonly lab: string;
  readonly region: string;
  readonly queueUrl: string;
  readonly imageStoreUrl: string;
  /** How nodes reach this controller: `http://10.20.0.2:8750`. */
  readonly publicUrl: string;
  /** This very program, and the Node that runs it. */
  readonly program: string;
  readonly node: string;
}

/** Where things are on a lab controller. */
export const installed = {
  command: "/usr/local/bin/rackwright-agent",
  stateDir: "/var/lib/rackwright",
} as const;
const { command, stateDir } = installed;
const etc = "/etc/rackwright";
const lib = "/usr/local/lib/rackwright";

/** The program of `run` alone (run-main.ts), which the build puts into the bundle; from source there is none. */
declare const RACKWRIGHT_RUN_PROGRAM: string | undefined;
const runProgram = typeof RACKWRIGHT_RUN_PROGRAM === "string" ? RACKWRIGHT_RUN_PROGRAM : null;

/** What is called `rackwright-agent`: a shell script, so that `run` starts what is small. */
export const shim = (node: string, program: string, runAlone: string | null): string =>
  `#!/bin/sh
${runAlone === null ? "" : `[ "$1" = run ] && exec '${node}' '${runAlone}' "$@"\n`}exec '${node}' '${program}' "$@"
`;

/** Returns what was done, a line each. */
export function install(settings: InstallSettings): string[] {
  const under = (path: string): string => join(settings.root, path);
  const said: string[] = [];
  for (const [folder, mode] of [
    [etc, 0o755],
    [`${etc}/secrets`, 0o700],
    [`${etc}/power-scripts`, 0o755],
    [`${etc}/build-systems`, 0o755],
    [`${etc}/switch-drivers`, 0o755],
    [`${etc}/bios-drivers`, 0o755],
    [`${etc}/tests`, 0o755],
    [`${etc}/distros`, 0o755],
    [`${etc}/templates`, 0o755],
    [stateDir, 0o700],
    [`${stateDir}/boot`, 0o700],
    [lib, 0o755],
  ] as const) {
    if (existsSync(under(folder))) continue;
    mkdirSync(under(folder), { recursive: true });
    chmodSync(under(folder), mode);
    said.push(`made      ${folder}`);
  }
  copyFileSync(settings.program, under(`${lib}/rackwright-agent.mjs`));
  if (runProgram !== null) put(under(`${lib}/rackwright-run.mjs`), runProgram, 0o644);
  // The distribution's Node may be older, and may go away.
  copyFileSync(realpathSync(settings.node), under(`${lib}/node`));
  chmodSync(under(`${lib}/node`), 0o755);
  put(
    under(command),
    shim(
      `${lib}/node`,
      `${lib}/rackwright-agent.mjs`,
      runProgram === null ? null : `${lib}/rackwright-run.mjs`,
    ),
    0o755,
  );
  put(under(`/etc/systemd/system/${unitName}`), unit(command, stateDir), 0o644);
  said.push(`installed ${command}`, `installed /etc/systemd/system/${unitName}`);
  const config = `${etc}/agent.json`;
  if (existsSync(under(config))) {
    said.push(`kept      ${config}`);
  } else {
    put(under(config), `${JSON.stringify(configOf(settings), null, 2)}\n`, 0o644);
    said.push(`wrote     ${config}`);
  }
  said.push(
    "",
    "next: rackwright-agent doctor",
    "then: systemctl daemon-reload && systemctl enable --now rackwright-agent",
  );
  return said;
}

function put(file: string, text: string, mode: number): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
  chmodSync(file, mode);
}

function configOf({ controller, lab, region, queueUrl, imageStoreUrl, publicUrl }: InstallSettings) {
  const port = Number(new URL(publicUrl).port || "80");
  return {
    schema: "rackwright.agent/1",
    controller,
    lab,
    stateDir,
    secretsDir: `${etc}/secrets`,
    scriptsDir: `${etc}/power-scripts`,
    bootFilesDir: `${stateDir}/boot`,
    listen: { host: "0.0.0.0", port },
    publicUrl,
    imageStoreUrl,
    reports: { queueUrl, endpoint: new URL(queueUrl).origin, region },
  };
}

/** What `install` must be told; a missing one is told with what it means. */
export const installOptions = {
  controller: "this machine's id in Systems Manager, mi-…",
  lab: "the lab that it belongs to",
  region: "the AWS region, e.g. eu-central-1",
  "queue-url": "URL of the reports queue",
  "image-store-url": "where images are fetched from: URL/SHA256",
  "public-url": "how nodes reach this machine, e.g. http://10.20.0.2:8750",
} as const;
type Option = keyof typeof installOptions;

export function installSettings(
  given: Readonly<Record<string, string | undefined>>,
  program: { readonly program: string; readonly node: string },
): InstallSettings {
  const absent = Object.entries(installOptions).filter(([name]) => given[name] === undefined);
  if (absent.length > 0) {
    const lines = absent.map(([name, meaning]) => `  --${name}   ${meaning}`);
    throw new ConfigError(`install must be told more:\n${lines.join("\n")}`);
  }
  const value = (name: Option): string => given[name] ?? "";
  for (const name of ["queue-url", "image-store-url", "public-url"] as const) {
    if (!URL.canParse(value(name))) throw new ConfigError(`--${name} ${value(name)} is not a URL`);
  }
  return {
    root: given["root"] ?? "/",
    controller: value("controller"),
    lab: value("lab"),
    region: value("region"),
    queueUrl: value("queue-url"),
    imageStoreUrl: value("image-store-url"),
    publicUrl: value("public-url"),
    ...program,
  };
}
