/** What every function may do and why, with what it has taken in memory: `npm run infra:report`. */
import { execFileSync } from "node:child_process";
import { functionNames, functions, variablesOf } from "../../lib/contracts/topology.ts";
import { derive } from "./derive.ts";

/** Loads the bundle in a process of its own, as a cold start does, and says what that takes. */
function residentMb(name: string): number {
  const code = `await import(process.argv[1]); console.log(process.memoryUsage.rss());`;
  const file = new URL(`../../dist/functions/${name}.mjs`, import.meta.url).href;
  const url = "https://sqs.eu-central-1.amazonaws.com/000000000000/name";
  const env = {
    TABLE_NAME: "Rackwright",
    WAKES_QUEUE_URL: url,
    DEAD_LETTER_QUEUE_URL: url,
    DOCUMENT_NAME: "Run",
    EVENT_BUS_NAME: "bus",
    AWS_REGION: "eu-central-1",
  };
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", code, file], {
    env,
    encoding: "utf8",
  });
  return Math.ceil(Number(said) / 1024 / 1024);
}

for (const name of functionNames) {
  const { may, environments } = await derive(name);
  const { may: planned, memoryMb, timeoutSeconds } = functions[name];
  const known: readonly string[] = planned;
  console.log(`${name}: ${residentMb(name)} MB after loading, of ${memoryMb} MB; ${timeoutSeconds} s`);
  console.log(`  reads ${variablesOf(name).join(" ")} (${environments.join(", ")})`);
  for (const each of may) console.log(`  ${known.includes(each) ? "may" : "LACKS"} ${each}`);
  for (const each of known) if (!may.includes(each)) console.log(`  SPARE ${each}`);
}
