/** The text of clients/typescript/schema.ts, made from the OpenAPI document. Pure. */
import { comment, isObject, type Json, objectAt } from "./document.ts";
import { operationRow, operationsOf, operationType } from "./operations.ts";
import { typeOf } from "./types.ts";

export function schemaModule(document: Json): string {
  const { schemas = {} } = objectAt(document["components"] ?? {}, "components");
  const types = Object.entries(objectAt(schemas, "components.schemas")).map(
    ([name, schema]) =>
      `${comment(isObject(schema) ? schema["description"] : null, "")}export type ${name} = ${typeOf(schema, name)};\n`,
  );
  const operations = operationsOf(document);
  return [
    "// Generated from docs/openapi.json by `npm run docs`: change the schemas of the API (lib/contracts), not this file.\n",
    ...types,
    `/** By operation: what it takes, and what it gives when it succeeds. */\nexport interface Operations {\n${operations.map(operationType).join("")}}\n`,
    "/** How an operation is called over HTTP. */\nexport interface OperationCall {\n  readonly method: string;\n  readonly path: string;\n  readonly parameters: readonly { readonly option: string; readonly in: string; readonly name: string }[];\n  readonly contentType: string | null;\n}\n",
    `export const operations: Readonly<Record<keyof Operations, OperationCall>> = {\n${operations.map(operationRow).join("")}};\n`,
  ].join("\n");
}
