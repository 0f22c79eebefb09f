/** Values that a JSON schema of the API's document allows, and values that are nearly so. */
import fc from "fast-check";
import * as z from "zod";

const schemaShape = z.looseObject({
  $ref: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
});

/** Names of things that there are: a request about nothing is soon answered. `pool`: by the name of the field. */
export type Known = (field: string) => readonly unknown[];

const longest = 40;

/** `components`: the document's schemas by name. */
export function valuesOf(
  schema: unknown,
  components: Readonly<Record<string, unknown>>,
  known: Known,
  field = "",
): fc.Arbitrary<unknown> {
  const given = schemaShape.parse(schema);
  const of = (each: unknown, name = field) => valuesOf(each, components, known, name);
  const likely = known(field);
  const made = fresh();
  return likely.length === 0
    ? made
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...likely) }, { weight: 1, arbitrary: made });

  function fresh(): fc.Arbitrary<unknown> {
    if (given.$ref !== undefined) return of(components[given.$ref.replace("#/components/schemas/", "")]);
    if ("const" in given) return fc.constant(given.const);
    if (given.enum !== undefined) return fc.constantFrom(...given.enum);
    const among = given.anyOf ?? given.oneOf;
    if (among !== undefined) return fc.oneof(...among.map((each) => of(each)));
    switch (given.type) {
      case "null":
        return fc.constant(null);
      case "boolean":
        return fc.boolean();
      case "integer":
      case "number": {
        const min = Math.max(-1e6, given.minimum ?? (given.exclusiveMinimum ?? -2) + 1);
        const max = Math.max(min, Math.min(given.maximum ?? 1e6, 1e14));
        // Small ones are what people ask for.
        const near = fc.integer({ min, max: Math.max(min, Math.min(max, min + 10)) });
        return fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: fc.integer({ min, max }) });
      }
      case "string": {
        const { minLength = 0, maxLength = longest, pattern } = given;
        if (pattern !== undefined && !pattern.includes("\\p{")) return fc.stringMatching(new RegExp(pattern));
        return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, longest)) });
      }
      case "array":
        return fc.array(of(given.items ?? {}), {
          minLength: given.minItems ?? 0,
          maxLength: Math.max(given.minItems ?? 0, Math.min(given.maxItems ?? 3, 3)),
        });
      case "object": {
        const { properties = {}, required = [] } = given;
        if (Object.keys(properties).length === 0)
          return fc.dictionary(fc.string({ maxLength: 8 }), fc.string(), { maxKeys: 2 });
        return fc.record(
          Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, of(each, name)])),
          { requiredKeys: required },
        );
      }
      default:
        return fc.jsonValue({ maxDepth: 2 });
    }
  }
}

const hostile = [
  null,
  "",
  -1,
  1e308,
  [],
  {},
  "'; drop",
  "🙂",
  "\u0000",
  "../..",
  "__proto__",
  true,
  "x".repeat(5000),
];

/** The same with one thing wrong somewhere: a field of another kind, one too many, one that is gone. */
export function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const bad = fc.constantFrom<unknown>(...hostile);
  if (Array.isArray(value))
    return fc.oneof(
      bad,
      bad.map((each) => [...value, each]),
    );
  if (typeof value !== "object" || value === null) return bad;
  const names = Object.keys(value);
  const added = bad.map((each) => ({ ...value, color: each }));
  if (names.length === 0) return fc.oneof(bad, added);
  const field = fc.constantFrom(...names);
  const changed = field.chain((name) =>
    fc.oneof(bad, spoiled(Reflect.get(value, name))).map((each) => ({ ...value, [name]: each })),
  );
  const without = field.map((name) =>
    Object.fromEntries(Object.entries(value).filter(([each]) => each !== name)),
  );
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 2, arbitrary: without }, added, bad);
}
