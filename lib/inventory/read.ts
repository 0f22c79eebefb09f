/** A lab file as its people keep it, in YAML or JSON: read, written out, and refused with the places of what is wrong. */
import type * as z from "zod";
import { type LabFile, labFile } from "../contracts/lab-file.ts";
import { writtenLab } from "../contracts/written-lab.ts";
import type { Path } from "../core/inventory/claims.ts";
import { type Document, type Place, readDocument } from "./document.ts";
import { type Expanded, expanded } from "./expand.ts";

export interface Problem extends Place {
  readonly message: string;
  /** The other place, of two that contradict each other. */
  readonly other: Place | null;
}

export interface Read {
  readonly file: LabFile;
  /** Where something of the lab file stands in the text. */
  placeOf(path: Path): Place;
}

export type Reading =
  | { readonly ok: true; readonly read: Read }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** More would scroll away what matters. */
const mostProblems = 50;

export function readLabFile(text: string): Reading {
  const { problems, document } = readDocument(text);
  if (document === null)
    return { ok: false, problems: problems.map((each) => ({ ...each, other: null })).slice(0, mostProblems) };
  const whole = expanded(document.value);
  const find = (path: Path): Place => placeOf(document, whole, path);
  const written = writtenLab.safeParse(document.value);
  const misspelt = [
    ...(written.error?.issues ?? []).flatMap((issue) => problemsOf(issue, (path) => document.placeOf(path))),
    ...whole.unknown.map(({ path, message }) => ({ ...find(path), message, is: message, other: null })),
  ];
  const parsed = misspelt.length > 0 ? null : labFile.safeParse(whole.file);
  if (parsed?.success === true) return { ok: true, read: { file: parsed.data, placeOf: find } };
  const wrong = [...misspelt, ...(parsed?.error?.issues ?? []).flatMap((issue) => problemsOf(issue, find))];
  // What is wrong in a template is wrong with every node that has it.
  const once = new Map(wrong.map((each) => [`${each.line}:${each.column}:${each.is}`, each]));
  return {
    ok: false,
    problems: [...once.values()].toSorted((a, b) => a.line - b.line).slice(0, mostProblems),
  };
}

/** What a node has from a template stands there; what is nowhere is missing at the node. */
function placeOf(document: Document, { sourcesOf }: Expanded, path: Path): Place {
  const source = sourcesOf(path).find((each) => document.has(each));
  return document.placeOf(source ?? path);
}

interface Found extends Problem {
  /** What is wrong, without the path to it. */
  readonly is: string;
}

function problemsOf(issue: z.core.$ZodIssue, find: (path: Path) => Place): readonly Found[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      ...find([...path, key]),
      message: `${[...path, key].join(".")}: there is no such field`,
      is: key,
      other: null,
    }));
  const other = issue.code === "custom" ? issue.params?.["other"] : null;
  const where = issue.path.length === 0 ? "(whole file)" : path.join(".");
  return [
    {
      ...find(path),
      message: `${where}: ${issue.message}`,
      is: issue.message,
      other: isPath(other) ? find(other) : null,
    },
  ];
}

const isPath = (value: unknown): value is Path =>
  Array.isArray(value) && value.every((step) => typeof step === "string" || typeof step === "number");

/** `lab.yaml:12:7: MAC … is already that of node node-01 (line 4)`. */
export const problemText = (file: string, { line, column, message, other }: Problem): string =>
  `${file}:${line}:${column}: ${message}${other === null ? "" : ` (${file}:${other.line}:${other.column})`}`;
