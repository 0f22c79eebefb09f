/** A table of an object's fields, made from its schema: what may stand in each, what it is by default, what it means. */
import * as z from "zod";
import { table } from "./markdown.ts";

const property = z.looseObject({
  description: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.unknown().optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  pattern: z.string().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});
type Property = z.infer<typeof property>;

const schemaOf = z.looseObject({
  properties: z.record(z.string(), property),
  required: z.array(z.string()).default([]),
});

/** `meanings` are of fields that their schema does not describe. */
export function fieldsTable(shape: z.ZodObject, meanings: Readonly<Record<string, string>> = {}): string {
  const { properties, required } = schemaOf.parse(
    z.toJSONSchema(shape, { io: "input", unrepresentable: "any" }),
  );
  return table(
    ["field", "value", "default", "meaning"],
    Object.entries(properties).map(([name, each]) => [
      `\`${name}\``,
      valueText(each, nameOf(shape, name)),
      required.includes(name)
        ? "must be given"
        : each.default === undefined
          ? "may be left out"
          : `\`${JSON.stringify(each.default)}\``,
      each.description ?? meanings[name] ?? "",
    ]),
  );
}

/** Shapes that JSON Schema has no word for say themselves what they are when they refuse something: “is not a MAC address”. */
function nameOf(shape: z.ZodObject, field: string): string | null {
  for (const wrong of ["", [""]]) {
    const issues = shape.safeParse({ [field]: wrong }).error?.issues ?? [];
    const own = issues.filter(({ path, code }) => path[0] === field && code !== "invalid_type");
    for (const { message } of own) {
      const [, name] = /^is not (?:a valid |an? |the )?(.+)$/.exec(message) ?? [];
      if (name !== undefined) return name;
    }
  }
  return null;
}

const range = (least: number | undefined, most: number | undefined): string => {
  if (least !== undefined && most !== undefined) return `${least}–${most}`;
  return most !== undefined ? `at most ${most}` : least !== undefined ? `at least ${least}` : "";
};
const counted = (what: string, amount: string): string => (amount === "" ? what : `${what}, ${amount}`);

function valueText(each: Property, name: string | null): string {
  if (each.const !== undefined) return `\`${JSON.stringify(each.const)}\``;
  if (each.anyOf !== undefined) {
    return each.anyOf.map((one) => valueText(property.parse(one), name)).join(" or ");
  }
  if (Array.isArray(each.type))
    return each.type.map((type) => valueText({ ...each, type }, name)).join(" or ");
  switch (each.type) {
    case "null":
      return "`null`";
    case "integer":
    case "number":
      return counted(
        each.type === "integer" ? "whole number" : "number",
        range(each.minimum, each.maximum === Number.MAX_SAFE_INTEGER ? undefined : each.maximum),
      );
    case "array": {
      const items = property.parse(each.items ?? {});
      const amount = range(each.minItems, each.maxItems);
      return `list${amount === "" ? "" : ` of ${amount}`}: ${valueText(items, name)}`;
    }
    case "object":
      return "see below";
    default: {
      const length = range(each.minLength, each.maxLength);
      return name ?? counted("text", length === "" ? "" : `${length} characters`);
    }
  }
}
