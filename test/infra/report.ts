/** What every function may do and which of its calls wants it, with what it takes in memory: `npm run infra:report`. */
import { execFileSync } from "node:child_process";
import { type FunctionName, functionNames, functions, variablesOf } from "../../lib/contracts/topology.ts";
import { derive } from "./derive.ts";
import { environmentOf } from "./environment.ts";
import { wildcards } from "./wildcards.ts";

/** A line for each permission, with the calls in the code that it was derived from, and what the plan has otherwise. */
export async function permissionsOf(name: FunctionName): Promise<readonly string[]> {
  const { may, because, environments } = await derive(name);
  const planned: readonly string[] = functions[name].may;
  return [
    `  reads ${variablesOf(name).join(" ")} (${environments.join(", ")})`,
    ...may.map((each) => {
      const why = wildcards.find(
        ({ actions, resource }) =>
          each.endsWith(" *") && actions.test(each.split(" ")[0] ?? "") && resource.test("*"),
      )?.why;
      const calls = (because.get(each) ?? []).join(", ");
      return `  ${planned.includes(each) ? "may" : "LACKS"} ${each} <- ${calls}${why === undefined ? "" : `; ${why}`}`;
    }),
    ...planned.filter((each) => !may.includes(each)).map((each) => `  SPARE ${each}`),
  ];
}

/** Loads the bundle in a process of its own, as a cold start does, and says what that takes. */
function residentMb(name: FunctionName): number {
  const code = `await import(process.argv[1]); console.log(process.memoryUsage.rss());`;
  const file = new URL(`../../dist/functions/${name}.mjs`, import.meta.url).href;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", code, file], {
    env: environmentOf(name),
    encoding: "utf8",
  });
  return Math.ceil(Number(said) / 1024 / 1024);
}

if (import.meta.main)
  for (const name of functionNames) {
    const { memoryMb, timeoutSeconds } = functions[name];
    console.log(`${name}: ${residentMb(name)} MB after loading, of ${memoryMb} MB; ${timeoutSeconds} s`);
    for (const line of await permissionsOf(name)) console.log(line);
  }
