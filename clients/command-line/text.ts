/** Words for people: tables, spans, instants. Pure, but for the time zone of whoever reads them. */

/** What came from a machine's console may hold anything: nothing of it moves a cursor or turns text round. */
export const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");

/** A heading and one line for each row; every column but the last is as wide as its widest cell. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): readonly string[] {
  const cells = [head, ...rows.map((row) => row.map((cell) => plain(cell ?? "-")))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `12 s`, `3 min`, `2 h`, `5 days`. */
export function spanText(spanMs: number): string {
  if (spanMs < 120_000) return `${Math.round(spanMs / 1000)} s`;
  if (spanMs < 7_200_000) return `${Math.round(spanMs / 60_000)} min`;
  if (spanMs < 172_800_000) return `${Math.round(spanMs / 3_600_000)} h`;
  return `${Math.round(spanMs / 86_400_000)} days`;
}

/** `2026-11-21 08:30`, in the reader's time zone. */
export function instantText(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `2026-11-21 08:30:07`, in the reader's time zone. */
export const secondText = (atMs: number): string =>
  `${instantText(atMs)}:${String(new Date(atMs).getSeconds()).padStart(2, "0")}`;

/** As one word of a shell's command line. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
