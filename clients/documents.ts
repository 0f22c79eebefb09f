/** The second half of `npm run docs`: what is made from docs/openapi.json and from the commands, for whoever calls the API. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLinePage } from "./command-line/page.ts";
import { objectAt } from "./typescript/generate/document.ts";
import { schemaModule } from "./typescript/generate/module.ts";

const root = join(import.meta.dirname, "..");

/** What each file holds, by its path in the repository: a test compares it with what is there. */
export const clientDocuments = (): Readonly<Record<string, string>> => ({
  "clients/typescript/schema.ts": schemaModule(
    objectAt(JSON.parse(readFileSync(join(root, "docs/openapi.json"), "utf8")), "docs/openapi.json"),
  ),
  "docs/command-line.md": commandLinePage(),
});

if (import.meta.main) {
  for (const [path, text] of Object.entries(clientDocuments())) {
    writeFileSync(join(root, path), text);
    process.stdout.write(`${path}\n`);
  }
}
