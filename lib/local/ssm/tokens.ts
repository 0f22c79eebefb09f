/** A bucket of tokens, as AWS limits the rate of a call: one second's worth may come at once. */
export function tokens(perSecond: number, nowMs: () => number): () => boolean {
  let left = perSecond;
  let at = nowMs();
  return () => {
    const now = nowMs();
    left = Math.min(perSecond, left + ((now - at) / 1000) * perSecond);
    at = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
