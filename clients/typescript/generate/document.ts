/** An OpenAPI document as what it is before it is understood: JSON, read with a word on where it is not as expected. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function objectAt(value: unknown, where: string): Json {
  if (isObject(value)) return value;
  throw new Error(`${where}: an object is wanted, not ${JSON.stringify(value)}`);
}

export function textAt(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  throw new Error(`${where}: a text is wanted, not ${JSON.stringify(value)}`);
}

export function listAt(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${where}: a list is wanted, not ${JSON.stringify(value)}`);
}

/** The object itself, or the one in the same document that it refers to. */
export function resolved(document: Json, value: unknown, where: string): Json {
  const object = objectAt(value, where);
  const reference = object["$ref"];
  if (reference === undefined) return object;
  const steps = textAt(reference, where).replace("#/", "").split("/");
  return steps.reduce((at, step) => objectAt(at[step], `${where}: ${steps.join("/")}`), document);
}

/** A comment above what it describes; nothing where there is nothing to say. */
export function comment(text: unknown, indent: string): string {
  if (typeof text !== "string") return "";
  return `${indent}/** ${text.replaceAll("*/", "*\\/").replaceAll(/\s+/g, " ")} */\n`;
}
