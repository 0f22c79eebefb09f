/** JSON schemas as TypeScript types. What cannot be told as a type is an error here, never a type that is too wide. */
import { comment, isObject, type Json, listAt, objectAt, textAt } from "./document.ts";

/** They would change which values there are, and zod's schemas in this project do not use them. */
const unknownKeywords = ["prefixItems", "patternProperties", "not", "if", "dependentSchemas"];

/** The type of a schema, as it stands behind a name at this indentation. `where` is for the error alone. */
export function typeOf(schema: unknown, where: string, indent = ""): string {
  if (schema === undefined || schema === true) return "unknown";
  const given = objectAt(schema, where);
  const stranger = unknownKeywords.find((keyword) => keyword in given);
  if (stranger !== undefined)
    throw new Error(
      `${where}: clients/typescript/generate/types.ts has no type for ${stranger}: teach it there`,
    );
  if (given["$ref"] !== undefined) return nameOf(textAt(given["$ref"], where));
  if ("const" in given) return JSON.stringify(given["const"]);
  const among = (keyword: string, sign: "|" | "&") =>
    joined(
      listAt(given[keyword], where).map((each, index) =>
        typeOf(each, `${where}.${keyword}[${index}]`, indent),
      ),
      sign,
    );
  if (given["enum"] !== undefined)
    return joined(
      listAt(given["enum"], where).map((each) => JSON.stringify(each)),
      "|",
    );
  if (given["anyOf"] !== undefined) return among("anyOf", "|");
  if (given["oneOf"] !== undefined) return among("oneOf", "|");
  if (given["allOf"] !== undefined) return among("allOf", "&");
  const { type } = given;
  if (Array.isArray(type))
    return joined(
      type.map((each) => typeOf({ ...given, type: each }, where, indent)),
      "|",
    );
  return simple(given, type, where, indent);
}

function simple(given: Json, type: unknown, where: string, indent: string): string {
  switch (type) {
    case undefined:
      return isObject(given["properties"]) ? objectType(given, where, indent) : "unknown";
    case "string":
    case "boolean":
    case "null":
      return type;
    case "integer":
    case "number":
      return "number";
    case "array": {
      const items = typeOf(given["items"], `${where}[]`, indent);
      return `readonly ${/[ {]/.test(items) ? `(${items})` : items}[]`;
    }
    case "object":
      return objectType(given, where, indent);
    default:
      throw new Error(`${where}: there is no JSON type ${JSON.stringify(type)}`);
  }
}

/** A member that may be left out may be undefined as well: what is undefined is not sent. */
function objectType(given: Json, where: string, indent: string): string {
  const required = new Set(given["required"] === undefined ? [] : listAt(given["required"], where));
  const inner = `${indent}  `;
  const members = Object.entries(objectAt(given["properties"] ?? {}, where)).map(([name, schema]) => {
    const type = typeOf(schema, `${where}.${name}`, inner);
    const about = isObject(schema) ? comment(schema["description"], inner) : "";
    const optional = !required.has(name);
    return `${about}${inner}readonly ${keyOf(name)}${optional ? "?" : ""}: ${type}${optional ? " | undefined" : ""};\n`;
  });
  const more = given["additionalProperties"];
  const others = more === undefined || more === false ? null : typeOf(more, `${where}.*`, inner);
  if (others !== null && members.length === 0) return `Readonly<Record<string, ${others}>>`;
  const rest = others === null ? "" : `${inner}readonly [other: string]: unknown;\n`;
  if (members.length === 0 && rest === "") return "Readonly<Record<string, never>>";
  return `{\n${members.join("")}${rest}${indent}}`;
}

function joined(types: readonly string[], sign: "|" | "&"): string {
  const different = [...new Set(types)];
  if (different.length < 2) return different[0] ?? "never";
  return different.map((type) => (sign === "&" ? `(${type})` : type)).join(` ${sign} `);
}

/** A member's name as it is written in a type. */
export const keyOf = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);

function nameOf(reference: string): string {
  const name = reference.replace("#/components/schemas/", "");
  if (/^[A-Z]\w*$/.test(name)) return name;
  throw new Error(`${reference}: a schema of components/schemas is wanted, with a name that a type can have`);
}
