/** The texts of this project as git sees them: tracked, or new and not ignored. Pictures are none. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./skeleton.ts";

export interface TrackedFile {
  readonly path: string;
  readonly text: string;
}

/** A file that was deleted and not yet committed is left out. */
export function trackedFiles(): TrackedFile[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: projectRoot,
    encoding: "utf8",
  });
  return listed
    .split("\0")
    .filter((path) => path !== "" && !path.endsWith(".png") && existsSync(join(projectRoot, path)))
    .map((path) => ({ path, text: readFileSync(join(projectRoot, path), "utf8") }));
}

/** `path:line` of every match. */
export function placesOf(pattern: RegExp, files: readonly TrackedFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(new RegExp(pattern, "gm"))].map(
      ({ index }) => `${path}:${text.slice(0, index).split("\n").length}`,
    ),
  );
}
