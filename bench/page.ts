/** Puts what was measured into a page that says what it means. */
import type { Place } from "./machine.ts";
import { asMarkdown, type Result } from "./result.ts";

const begin = (name: string): string => `<!-- bench ${name} -->`;
const end = (name: string): string => `<!-- end of ${name} -->`;

/** Everything between the marks of a benchmark is made anew; a page without its marks keeps its text, and one of a benchmark that failed its tables. */
export function written(page: string, results: ReadonlyMap<string, Result>, place: Place): string {
  let text = page;
  for (const [name, { tables }] of results) {
    const [from, to] = [text.indexOf(begin(name)), text.indexOf(end(name))];
    if (from < 0 || to < from || tables.length === 0) continue;
    const where = `Measured on ${place.machine}, Node ${place.node}, commit ${place.commit}, ${place.at}: \`npm run bench -- ${name}\`.`;
    const fresh = [begin(name), "", where, "", ...tables.map(asMarkdown)].join("\n");
    text = `${text.slice(0, from)}${fresh}${text.slice(to)}`;
  }
  return text;
}
