/** What a person has written once for many nodes, written out for each of them. Pure. */
import type { Path } from "../core/inventory/claims.ts";

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What stands further down wins; a list stands for itself. */
function merged(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  if (!isRecord(under) || !isRecord(over)) return over;
  const names = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries([...names].map((name) => [name, merged(under[name], over[name])]));
}

/** `{id}` in what nodes have in common is each node's own name. */
function named(common: unknown, id: string): unknown {
  if (typeof common === "string") return common.replaceAll("{id}", id);
  if (Array.isArray(common)) return common.map((each) => named(each, id));
  if (!isRecord(common)) return common;
  return Object.fromEntries(Object.entries(common).map(([name, each]) => [name, named(each, id)]));
}

export interface Expanded {
  readonly file: unknown;
  /** Where something of the expanded file stands in the written one, best first. */
  sourcesOf(path: Path): readonly Path[];
  /** Templates that nodes name and that are not there. */
  readonly unknown: readonly { readonly path: Path; readonly message: string }[];
}

/** The file as the API takes it: without defaults and templates. Of what is no lab file at all, nothing is made. */
export function expanded(written: unknown): Expanded {
  const asIs: Expanded = { file: written, sourcesOf: (path) => [path], unknown: [] };
  if (!isRecord(written) || !Array.isArray(written["nodes"])) return asIs;
  const { defaults, templates = {}, $schema: _, ...lab } = written;
  const all: readonly unknown[] = written["nodes"];
  const known: Json = isRecord(templates) ? templates : {};
  const unknown: { path: Path; message: string }[] = [];
  const templateOf: (string | null)[] = [];
  const nodes = all.map((node, index) => {
    const template = isRecord(node) ? node["template"] : undefined;
    const isThere = typeof template === "string" && Object.hasOwn(known, template);
    templateOf.push(isThere ? template : null);
    if (!isRecord(node)) return node;
    if (template !== undefined && !isThere)
      unknown.push({
        path: ["nodes", index, "template"],
        message: `there is no template ${JSON.stringify(template)}: templates has ${Object.keys(known).join(", ") || "none"}`,
      });
    const { template: _template, ...own } = node;
    const common = merged(defaults, isThere ? known[template] : undefined);
    return merged(named(common, String(node["id"])), own);
  });
  return {
    file: { ...lab, nodes },
    unknown,
    sourcesOf: (path) => {
      const [first, index, ...rest] = path;
      const template = first === "nodes" && typeof index === "number" ? templateOf[index] : undefined;
      if (template === undefined) return [path];
      return [path, ...(template === null ? [] : [["templates", template, ...rest]]), ["defaults", ...rest]];
    },
  };
}
