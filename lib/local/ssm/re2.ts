/** The service knows Java's patterns, the agent only Go's RE2: what the one takes, the other may refuse. */

/** Go's regexp/syntax refuses longer repetitions. */
const mostRepetitions = 1000;

/** In the words of Go's compiler, as far as a pattern of ours could fail at it; null: it compiles. */
export function whyRe2Refuses(pattern: string): string | null {
  const unescaped = pattern.replaceAll(/\\\\/g, "");
  const [look] = /\(\?(?:[=!]|<[=!]|>)/.exec(unescaped.replaceAll(/\\\(/g, "")) ?? [];
  if (look !== undefined) return `invalid or unsupported Perl syntax: \`${look}\``;
  const [back] = /\\[1-9k]/.exec(unescaped) ?? [];
  if (back !== undefined) return `invalid escape sequence: \`${back}\``;
  for (const [repetition, least = "", most = ""] of unescaped.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Math.max(Number(least), Number(most)) > mostRepetitions)
      return `invalid repeat count: \`${repetition}\``;
  }
  return null;
}
