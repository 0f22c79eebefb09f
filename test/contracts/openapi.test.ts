/** The document that a portal is written from. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { routes } from "../../lib/contracts/api.ts";
import { openApi } from "../../lib/contracts/openapi.ts";

const document = JSON.parse(JSON.stringify(openApi()));
const operations: { operationId: string; summary: string }[] = Object.values(document.paths).flatMap((path) =>
  Object.values(path as object),
);

test("it is OpenAPI 3.1, by a validator that is not ours", async () => {
  const result = await new Validator().validate(document);
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

test("it has every route, each with a name of its own, what it is for, and its problems", () => {
  expect(operations).toHaveLength(routes.length);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
  for (const each of operations) {
    expect(each.summary.length).toBeGreaterThan(3);
    expect(each).toMatchObject({ responses: { 400: {}, 500: {} } });
  }
});

test("every schema that it refers to is in it", () => {
  const text = JSON.stringify(document);
  const named = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(20);
  for (const name of new Set(named)) expect(Object.keys(document.components.schemas)).toContain(name);
  expect(text).not.toContain("$defs");
});
