/** The little Markdown that the generated pages are made of. */

/** A page that says how it is made; `source` is what to change instead of it. */
export const page = (title: string, source: string, ...parts: readonly string[]): string =>
  `${[
    `<!-- Generated from ${source} by \`npm run docs\`. Change that, not this page. -->`,
    `# ${title}`,
    ...parts,
  ].join("\n\n")}\n`;

const cellOf = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cellOf).join(" | ")} |`).join("\n");

export const code = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

export const json = (value: unknown): string => code("json", JSON.stringify(value, null, 2));
