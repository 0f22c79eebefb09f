/** `npm run docs`: the pages that are made from the code, so that they cannot say anything else than it does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApi } from "../contracts/openapi.ts";
import { correctionPage } from "./docs/correction.ts";
import { eventsPage } from "./docs/events.ts";
import { jobsPage } from "./docs/jobs.ts";
import { labFilePage, labFileSchema } from "./docs/lab-file.ts";
import { runbookPage } from "./docs/runbook.ts";
import { statesPage } from "./docs/states.ts";

/** What each page holds, by its path in the repository. Pure: a test compares it with what is there. */
export const documents = (): Readonly<Record<string, string>> => ({
  "docs/states.md": statesPage(),
  "docs/correction.md": correctionPage(),
  "docs/jobs.md": jobsPage(),
  "docs/lab-file.md": labFilePage(),
  "docs/lab-file.schema.json": `${JSON.stringify(labFileSchema(), null, 2)}\n`,
  "docs/events.md": eventsPage(),
  "docs/runbook.md": runbookPage(),
  "docs/openapi.json": `${JSON.stringify(openApi(), null, 2)}\n`,
});

if (import.meta.main) {
  for (const [path, text] of Object.entries(documents())) {
    writeFileSync(join(import.meta.dirname, "../..", path), text);
    process.stdout.write(`${path}\n`);
  }
}
