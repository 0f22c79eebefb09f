/** Small random changes to the shipped code, each of which somebody could have made by mistake. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { type Node, parse } from "acorn";
import { full } from "acorn-walk";
import type { Random } from "../random.ts";

const root = join(import.meta.dirname, "../../..");

/** What decides, what corrects, and what the agent remembers. */
export const mutated = [
  "lib/core/node/decide.ts",
  "lib/core/node/follow.ts",
  "lib/core/node/give-back.ts",
  "lib/core/node/hands-off.ts",
  "lib/core/node/waiting-jobs.ts",
  "lib/core/node/evidence.ts",
  "lib/core/correction/correct.ts",
  "lib/core/correction/budget.ts",
  "lib/core/correction/late.ts",
  "lib/agent/journal.ts",
] as const;

export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly was: string;
  readonly is: string;
  /** The whole file, with the change, without types. */
  readonly source: string;
}

interface Change {
  readonly start: number;
  readonly end: number;
  readonly is: string;
}

const operators: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "+": "-",
  "-": "+",
  "&&": "||",
  "||": "&&",
};

/** What only tells people something: no promise of design §7 hangs on the words. */
const words = /^(draft[.]notes[.]push|draft[.]evidence =|warn\(|tell\()/;

/** All that could be changed in a file. */
function changesIn(code: string): readonly Change[] {
  const changes: Change[] = [];
  const text = (node: Node): string => code.slice(node.start, node.end);
  full(parse(code, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    const any = node as Node & Readonly<Record<string, unknown>>;
    const part = (name: string): Node => any[name] as Node;
    switch (node.type) {
      case "BinaryExpression":
      case "LogicalExpression": {
        const other = operators[String(any["operator"])];
        const [left, right] = [part("left"), part("right")];
        // Two texts that are put together are words.
        const joins = other === "-" && /["'`]/.test(text(node));
        if (other !== undefined && !joins)
          changes.push({ start: node.start, end: node.end, is: `${text(left)} ${other} ${text(right)}` });
        return;
      }
      case "UnaryExpression":
        if (any["operator"] === "!")
          changes.push({ start: node.start, end: node.end, is: text(part("argument")) });
        return;
      case "IfStatement": {
        const test = part("test");
        changes.push({ start: test.start, end: test.end, is: "false" });
        changes.push({ start: test.start, end: test.end, is: "true" });
        return;
      }
      case "ConditionalExpression": {
        const [yes, no] = [part("consequent"), part("alternate")];
        if (/["'`]/.test(text(yes))) return;
        changes.push({ start: yes.start, end: no.end, is: `${text(no)} : ${text(yes)}` });
        return;
      }
      case "ExpressionStatement":
        if (!words.test(text(node)) && !text(node).startsWith('"'))
          changes.push({ start: node.start, end: node.end, is: ";" });
        return;
      case "Literal":
        if (typeof any["value"] === "boolean")
          changes.push({ start: node.start, end: node.end, is: String(any["value"] === false) });
        return;
      default:
        return;
    }
  });
  return changes;
}

/** So many different ones, chosen evenly over all that could be changed. */
export function mutants(count: number, random: Random): readonly Mutant[] {
  const all = mutated.flatMap((file) => {
    const code = stripTypeScriptTypes(readFileSync(join(root, file), "utf8"));
    return changesIn(code).map((change) => ({ file, code, change }));
  });
  const chosen: Mutant[] = [];
  while (chosen.length < count && all.length > 0) {
    const [{ file, code, change }] = all.splice(random.between(0, all.length - 1), 1) as [
      (typeof all)[number],
    ];
    const { start, end, is } = change;
    chosen.push({
      file,
      line: code.slice(0, start).split("\n").length,
      was: oneLine(code.slice(start, end)),
      is: oneLine(is),
      source: `${code.slice(0, start)}${is}${code.slice(end)}`,
    });
  }
  return chosen;
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").slice(0, 90);
