/**
 * One look at the import graph, for `npm run arch` and for the tests beside this file. It counts what it saw: a checker
 * that saw nothing must not pass (dependency-cruiser with the wrong parser does exactly that).
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";

export interface Finding {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

export interface Cruise {
  /** Source files on disk. */
  readonly files: readonly string[];
  /** Those of them that the checker read. */
  readonly seen: readonly string[];
  readonly findings: readonly Finding[];
  /** What each rule says about its violation, by the rule's name. */
  readonly advice: ReadonlyMap<string, string>;
}

const folders = ["lib", "functions", "clients", "infra"];

/** Checks the tree at `root` by the dependency-cruiser.config.mjs that lies there. */
export async function cruiseTree(root: string): Promise<Cruise> {
  const present = folders.filter((folder) => existsSync(join(root, folder)));
  const files = present.flatMap((folder) => sourceFiles(root, folder));
  const options = await extractOptions(join(root, "dependency-cruiser.config.mjs"));
  const { output } = await cruise(present, { ...options, baseDir: root });
  if (typeof output === "string") throw new Error(`dependency-cruiser answered with text: ${output}`);
  return {
    files: files.sort(),
    seen: sourcesIn(output),
    findings: findingsIn(output),
    advice: adviceIn(output),
  };
}

function sourceFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /[.](ts|mts|mjs|js)$/.test(file))
    .map((file) => `${folder}/${file}`);
}

function sourcesIn(result: ICruiseResult): string[] {
  return result.modules
    .filter((module) => folders.some((folder) => module.source.startsWith(`${folder}/`)))
    .filter((module) => module.couldNotResolve !== true)
    .map((module) => module.source);
}

function findingsIn(result: ICruiseResult): Finding[] {
  return result.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}

function adviceIn(result: ICruiseResult): Map<string, string> {
  const rules = result.summary.ruleSetUsed?.forbidden ?? [];
  return new Map(rules.map((rule) => [rule.name ?? "", rule.comment ?? ""]));
}

if (import.meta.main) {
  const { files, seen, findings, advice } = await cruiseTree(process.cwd());
  for (const { rule, from, to } of findings) {
    console.error(`${rule}: ${from} → ${to}\n  ${advice.get(rule) ?? ""}`);
  }
  const unseen = files.filter((file) => !seen.includes(file));
  if (seen.length === 0)
    console.error("arch: no module was seen, so nothing was checked (is @swc/core installed?)");
  else if (unseen.length > 0) console.error(`arch: these files were not looked at: ${unseen.join(", ")}`);
  console.log(`arch: ${seen.length} modules seen of ${files.length} files, ${findings.length} violations`);
  process.exitCode = seen.length === 0 || unseen.length > 0 || findings.length > 0 ? 1 : 0;
}
