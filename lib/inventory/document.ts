/** The text of a lab file as data, with where in the text everything stands. YAML, of which JSON is a part. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Path } from "../core/inventory/claims.ts";

export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface Document {
  readonly value: unknown;
  /** Of what stands there; of what is not there: of the innermost thing around it that is. */
  placeOf(path: Path): Place;
  has(path: Path): boolean;
}

export interface SyntaxProblem extends Place {
  readonly message: string;
}

/** What anchors may be repeated: a file of ten thousand nodes may name one for each. */
const mostAliases = 100_000;

export function readDocument(text: string): {
  readonly problems: readonly SyntaxProblem[];
  readonly document: Document | null;
} {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (parsed.errors.length > 0) {
    const problems = parsed.errors.map(({ message, pos: [offset] }) => ({ ...placeAt(offset), message }));
    return { problems, document: null };
  }
  const value = followed(() => parsed.toJS({ maxAliasCount: mostAliases }));
  if (value instanceof Error)
    return { problems: [{ ...placeAt(0), message: value.message }], document: null };
  const { contents } = parsed;
  const follow = (path: Path): { readonly offset: number; readonly whole: boolean } => {
    let at: Node | null = contents;
    let offset = startOf(contents, 0);
    for (const step of path) {
      const pair: { readonly key: unknown; readonly value: unknown } | null = stepInto(at, step);
      if (pair === null) return { offset, whole: false };
      offset = startOf(pair.key, startOf(pair.value, offset));
      at = isNodeLike(pair.value) ? pair.value : null;
    }
    return { offset, whole: true };
  };
  return {
    problems: [],
    document: {
      value,
      placeOf: (path) => placeAt(follow(path).offset),
      has: (path) => follow(path).whole,
    },
  };
}

/** Aliases that repeat each other without end, or that name nothing, are found only when they are followed. */
function followed(follow: () => unknown): unknown {
  try {
    return follow();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const isNodeLike = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value);

function stepInto(
  at: Node | null,
  step: string | number,
): { readonly key: unknown; readonly value: unknown } | null {
  if (isSeq(at)) {
    const value = typeof step === "number" ? at.items[step] : undefined;
    return value === undefined ? null : { key: value, value };
  }
  if (!isMap(at)) return null;
  return (
    at.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(step)) ?? null
  );
}

function startOf(value: unknown, otherwise: number): number {
  return isNodeLike(value) ? (value.range?.[0] ?? otherwise) : otherwise;
}
