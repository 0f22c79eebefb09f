/**
 * `node test/upgrade/record.ts [commit]`: records what that version (HEAD unless another is named) stores and sends into
 * test/upgrade/samples/. To be run for every version that is deployed; what was recorded once is never changed.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { treeOf } from "./tree.ts";

const [revision = "HEAD"] = process.argv.slice(2);
const tree = treeOf(revision);
if (tree === null) throw new Error(`there is no commit ${revision} in this clone: fetch it first`);
try {
  const scenario = join(tree.path, "test/upgrade/scenario.ts");
  copyFileSync(join(import.meta.dirname, "scenario.ts"), scenario);
  const samples = execFileSync(process.execPath, [scenario], { cwd: tree.path, encoding: "utf8" });
  const file = join(import.meta.dirname, "samples", `${tree.commit}.jsonl`);
  writeFileSync(file, samples);
  console.log(`${file}: ${samples.trimEnd().split("\n").length} samples of ${tree.commit}`);
} finally {
  tree.remove();
}
