/** The resources that sst.config.ts makes, found out without AWS. Wants SST's platform: `npm run test:infra` installs it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import * as z from "zod";

const root = join(import.meta.dirname, "../..");
const platform = join(root, ".sst/platform");

export const platformIsThere = existsSync(join(platform, "config.d.ts"));

const graph = z.object({
  /** What is said of all of it at once. */
  app: z.object({
    removal: z.string(),
    protect: z.boolean(),
    providers: z.object({
      aws: z.object({ defaultTags: z.object({ tags: z.record(z.string(), z.string()) }) }),
    }),
  }),
  resources: z.array(
    z.object({ type: z.string(), name: z.string(), inputs: z.record(z.string(), z.unknown()) }),
  ),
  outputs: z.record(z.string(), z.unknown()),
});
export type Graph = z.infer<typeof graph>;
export type Resource = Graph["resources"][number];

const ownConfig: Plugin = {
  name: "own-config",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^rackwright:/ }, ({ path }) => ({
      path: join(root, path.replace("rackwright:", "")),
    })),
};

/** `settings`: what whoever deploys has in his environment. */
export async function graphOf(stage: string, settings: Readonly<Record<string, string>>): Promise<Graph> {
  const outfile = join(platform, `rackwright-${process.pid}-${stage}.mjs`);
  await build({
    stdin: {
      contents: readFileSync(join(import.meta.dirname, "graph-program.mjs"), "utf8"),
      resolveDir: platform,
    },
    plugins: [ownConfig],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node24",
    outfile,
    logLevel: "error",
  });
  try {
    const printed = execFileSync(process.execPath, [outfile, stage], {
      cwd: root,
      env: { ...settings, AWS_REGION: "eu-central-1" },
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    return graph.parse(JSON.parse(printed));
  } finally {
    rmSync(outfile, { force: true });
  }
}
