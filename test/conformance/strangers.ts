/** Modules of one's own, tried by naming their files: `RACKWRIGHT_MODULES=a.ts,b.ts npm run test:conformance`. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildSystem, OsModule } from "../../lib/core/provisioning/step.ts";
import type { Candidate } from "./build-systems-bench.ts";

export interface Strangers {
  readonly buildSystems: readonly Candidate[];
  readonly osModules: readonly OsModule[];
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const has = <Method extends string>(
  value: unknown,
  method: Method,
): value is { name: string } & Record<Method, () => unknown> =>
  isObject(value) &&
  "name" in value &&
  typeof value.name === "string" &&
  method in value &&
  typeof Reflect.get(value, method) === "function";
const isBuildSystem = (value: unknown): value is BuildSystem => has(value, "load");
const isOsModule = (value: unknown): value is OsModule => has(value, "postLoad");
const isImage = (value: unknown): value is NonNullable<Candidate["image"]> => isObject(value);

/** A file exports `buildSystem`, `osModule` or both; beside a build system `image`, where it wants more than a checksum. */
export function modulesOf(file: string, module: object): Strangers {
  const { buildSystem, osModule, image }: { buildSystem?: unknown; osModule?: unknown; image?: unknown } =
    module;
  if (buildSystem === undefined && osModule === undefined)
    throw new Error(`${file} exports neither buildSystem nor osModule`);
  if (buildSystem !== undefined && !isBuildSystem(buildSystem))
    throw new Error(`${file}: its buildSystem has no name, or no load`);
  if (osModule !== undefined && !isOsModule(osModule))
    throw new Error(`${file}: its osModule has no name, or no postLoad`);
  return {
    buildSystems: buildSystem === undefined ? [] : [{ buildSystem, ...(isImage(image) ? { image } : {}) }],
    osModules: osModule === undefined ? [] : [osModule],
  };
}

const named = process.env["RACKWRIGHT_MODULES"]?.split(",") ?? null;

/** Null: none is named, and the suites run on what is shipped and on the examples. */
export async function strangers(files: readonly string[] | null = named): Promise<Strangers | null> {
  if (files === null) return null;
  const found: Strangers[] = [];
  for (const file of files) {
    const module: unknown = await import(pathToFileURL(resolve(file)).href);
    if (!isObject(module)) throw new Error(`${file} exports nothing`);
    found.push(modulesOf(file, module));
  }
  return {
    buildSystems: found.flatMap(({ buildSystems }) => buildSystems),
    osModules: found.flatMap(({ osModules }) => osModules),
  };
}
