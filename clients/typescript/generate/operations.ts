/** The operations of an OpenAPI document: how each is called, what it takes and what it gives. */
import { comment, isObject, type Json, listAt, objectAt, resolved, textAt } from "./document.ts";
import { keyOf, typeOf } from "./types.ts";

const methods = ["get", "put", "post", "delete", "patch"];

interface Parameter {
  /** What the caller writes: `Idempotency-Key` is `idempotencyKey`. */
  readonly option: string;
  readonly in: string;
  readonly name: string;
  readonly required: boolean;
  readonly type: string;
  readonly description: unknown;
}

interface Operation {
  readonly id: string;
  readonly summary: unknown;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly contentType: string; readonly type: string; readonly required: boolean } | null;
  readonly answer: string;
}

/** Path by path, in the order of the document. */
export function operationsOf(document: Json): readonly Operation[] {
  return Object.entries(objectAt(document["paths"], "paths")).flatMap(([path, item]) => {
    const given = objectAt(item, path);
    return methods
      .filter((method) => given[method] !== undefined)
      .map((method) => operation(document, given, method, path));
  });
}

function operation(document: Json, item: Json, method: string, path: string): Operation {
  const where = `${method.toUpperCase()} ${path}`;
  const given = objectAt(item[method], where);
  const id = textAt(given["operationId"], `${where}: operationId`);
  const listed = [...listAt(item["parameters"] ?? [], where), ...listAt(given["parameters"] ?? [], where)];
  return {
    id,
    summary: given["summary"],
    method: method.toUpperCase(),
    path,
    parameters: listed.map((each) => parameter(resolved(document, each, where), where)),
    body: given["requestBody"] === undefined ? null : body(document, given["requestBody"], where),
    answer: answer(document, objectAt(given["responses"], where), where),
  };
}

function parameter(given: Json, where: string): Parameter {
  const name = textAt(given["name"], `${where}: a parameter's name`);
  return {
    option:
      name.charAt(0).toLowerCase() + name.slice(1).replaceAll(/-(\w)/g, (_, next) => next.toUpperCase()),
    in: textAt(given["in"], `${where}: ${name}`),
    name,
    required: given["required"] === true,
    type: typeOf(given["schema"], `${where}: ${name}`),
    description: given["description"],
  };
}

function body(document: Json, value: unknown, where: string): Operation["body"] {
  const given = resolved(document, value, where);
  const [first] = Object.entries(objectAt(given["content"], `${where}: body`));
  if (first === undefined) throw new Error(`${where}: its body has no content type`);
  const [contentType, content] = first;
  return {
    contentType,
    type: typeOf(objectAt(content, where)["schema"], `${where}: body`, "      "),
    required: given["required"] === true,
  };
}

/** What any success gives: JSON as its schema says, anything else as text, and nothing as undefined. */
function answer(document: Json, responses: Json, where: string): string {
  const types = Object.entries(responses)
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([status, value]) => {
      const { content } = resolved(document, value, `${where}: ${status}`);
      if (!isObject(content)) return ["undefined"];
      return Object.entries(content).map(([contentType, each]) =>
        contentType.includes("json")
          ? typeOf(objectAt(each, where)["schema"], `${where}: ${status}`, "    ")
          : "string",
      );
    });
  return types.length === 0 ? "undefined" : [...new Set(types)].join(" | ");
}

/** Its member of the interface `Operations`. */
export function operationType({ id, summary, parameters, body: sent, answer: given }: Operation): string {
  const options = parameters.map(
    ({ option, required, type, description }) =>
      `${comment(description, "      ")}      readonly ${keyOf(option)}${required ? "" : "?"}: ${type}${required ? "" : " | undefined"};\n`,
  );
  const content =
    sent === null
      ? ""
      : `      readonly body${sent.required ? "" : "?"}: ${sent.type}${sent.required ? "" : " | undefined"};\n`;
  const input =
    options.length === 0 && sent === null
      ? "Readonly<Record<never, never>>"
      : `{\n${options.join("")}${content}    }`;
  return `${comment(summary, "  ")}  readonly ${keyOf(id)}: {\n    readonly input: ${input};\n    readonly answer: ${given};\n  };\n`;
}

/** Its row of the table `operations`. */
export function operationRow({ id, method, path, parameters, body: sent }: Operation): string {
  const options = parameters.map(({ option, in: place, name }) => ({ option, in: place, name }));
  const row = { method, path, parameters: options, contentType: sent?.contentType ?? null };
  return `  ${keyOf(id)}: ${JSON.stringify(row)},\n`;
}
