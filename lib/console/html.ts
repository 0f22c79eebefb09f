/** Markup in which no text can become markup: everything that is put into it is escaped, unless it was made here itself. */

export interface Markup {
  readonly markup: string;
}
export type Part = string | number | Markup | readonly Markup[] | null;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");

/** `html\`<b>${name}</b>\``: safe in text and in quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const markup = strings.map((text, index) => text + told(parts[index] ?? null)).join("");
  return { markup };
}

function told(part: Part): string {
  if (part === null) return "";
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  if ("markup" in part) return part.markup;
  return part.map(({ markup }) => markup).join("");
}

/** Text that is markup already: styles, and nothing that anybody has named. */
export const asIs = (markup: string): Markup => ({ markup });
