import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { clientDocuments } from "../../clients/documents.ts";
import { schemaModule } from "../../clients/typescript/generate/module.ts";
import { typeOf } from "../../clients/typescript/generate/types.ts";

test.each(Object.entries(clientDocuments()))("%s is up to date (npm run docs)", (path, text) => {
  expect(readFileSync(join(import.meta.dirname, "../..", path), "utf8")).toBe(text);
});

describe("a JSON schema becomes the type of the values that fit it:", () => {
  test.each([
    ["unknown", {}],
    ["string | null", { type: ["string", "null"] }],
    ['"act" | "observe"', { type: "string", enum: ["act", "observe"] }],
    ['"reserve"', { const: "reserve" }],
    ["number | null", { anyOf: [{ type: "integer" }, { type: "null" }, { type: "number" }] }],
    [
      "(Node) & (Lab)",
      { allOf: [{ $ref: "#/components/schemas/Node" }, { $ref: "#/components/schemas/Lab" }] },
    ],
    ["readonly string[]", { type: "array", items: { type: "string" } }],
    ["readonly (string | null)[]", { type: "array", items: { type: ["string", "null"] } }],
    [
      "readonly (readonly Node[])[]",
      { type: "array", items: { type: "array", items: { $ref: "#/components/schemas/Node" } } },
    ],
    ["Readonly<Record<string, number>>", { type: "object", additionalProperties: { type: "number" } }],
    ["Readonly<Record<string, never>>", { type: "object", additionalProperties: false }],
    [
      '{\n  /** How many */\n  readonly count: number;\n  readonly "a-b"?: boolean | undefined;\n}',
      {
        type: "object",
        properties: { count: { type: "integer", description: "How many" }, "a-b": { type: "boolean" } },
        required: ["count"],
      },
    ],
  ])("%s", (type, schema) => {
    expect(typeOf(schema, "sample")).toBe(type);
  });

  test("and what has no type here is refused by its name and place", () => {
    expect(() => typeOf({ type: "array", prefixItems: [] }, "Node.tags")).toThrow(
      /Node[.]tags: .*prefixItems/,
    );
    expect(() => typeOf({ type: "date" }, "Node.since")).toThrow(/Node[.]since: .*"date"/);
    expect(() => typeOf({ $ref: "other.json#/a" }, "Node")).toThrow(/components\/schemas/);
  });
});

test("parameters of every place are options, shared parts are looked up, and an answer may be text or nothing", () => {
  const module = schemaModule({
    paths: {
      "/v1/things/{id}": {
        parameters: [{ $ref: "#/components/parameters/Id" }],
        put: {
          operationId: "putThing",
          parameters: [
            { name: "Idempotency-Key", in: "header", schema: { type: "string" } },
            { name: "If-Match", in: "header", required: true, schema: { type: "string" } },
          ],
          requestBody: { content: { "application/merge-patch+json": { schema: { type: "string" } } } },
          responses: {
            200: { $ref: "#/components/responses/Text" },
            204: { description: "done" },
            404: { $ref: "#/components/responses/Text" },
          },
        },
      },
    },
    components: {
      parameters: { Id: { name: "id", in: "path", required: true, schema: { type: "string" } } },
      responses: { Text: { content: { "text/plain": { schema: { type: "string" } } } } },
    },
  });
  expect(module).toContain(`  readonly putThing: {
    readonly input: {
      readonly id: string;
      readonly idempotencyKey?: string | undefined;
      readonly ifMatch: string;
      readonly body?: string | undefined;
    };
    readonly answer: string | undefined;
  };`);
  expect(module).toContain('{"option":"ifMatch","in":"header","name":"If-Match"}');
  expect(module).toContain('"contentType":"application/merge-patch+json"');
});
