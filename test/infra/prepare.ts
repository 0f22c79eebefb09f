/**
 * Before the tests of what is deployed: SST's platform (its packages, from the npm registry alone, about a minute the first
 * time) and a type check of sst.config.ts and infra/ against SST's own types.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const platform = ".sst/platform";
const wanted: { readonly version: string } = JSON.parse(
  readFileSync("node_modules/sst/package.json", "utf8"),
);
const stamp = `${platform}/version`;

function run(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) {
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    env: { ...process.env, ...environment },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ok: status === 0, said: `${stdout}${stderr}` };
}

function installPlatform(): void {
  if (existsSync(stamp) && existsSync(`${platform}/node_modules/@pulumi/aws`)) return;
  console.log(`installing the platform of SST ${wanted.version}`);
  // Without these it wants to download Pulumi and Bun, which only a deployment needs.
  const { ok, said } = run("sst", ["install", "--stage", "dev"], {
    SST_SKIP_DEPENDENCY_CHECK: "1",
    NO_BUN: "1",
    SST_TELEMETRY_DISABLED: "1",
  });
  if (!ok) throw new Error(`sst install failed:\n${said}`);
}

/** SST's own sources are less strict than ours: what the compiler says of them is not our matter. */
function checkTypes(): readonly string[] {
  const { said } = run("tsc", ["--project", "infra/tsconfig.json", "--pretty", "false"]);
  const errors = said.split("\n").filter((line) => /error TS\d+/.test(line));
  return errors.filter((line) => !line.startsWith(".sst/"));
}

installPlatform();
const errors = checkTypes();
for (const each of errors) console.error(each);
console.log(`infra: ${errors.length} type errors`);
process.exitCode = errors.length === 0 ? 0 : 1;
