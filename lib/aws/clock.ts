/** Time and chance, as they are. */
import { randomInt } from "node:crypto";
import { instant, type Ms } from "../core/time.ts";
import type { Clock, Ids } from "../ports/clock.ts";

export const systemClock: Clock = { now: () => instant(Date.now()) };

export const sleep = (span: Ms): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, span);
  });

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** `res-0kz3w8c1t4x9f2a7`: ten characters of time, so that ids sort by it, then six of chance. */
export const ids: Ids = {
  next: (prefix) => {
    let time = "";
    for (let rest = Date.now(), index = 0; index < 10; index += 1) {
      time = `${alphabet.charAt(rest % alphabet.length)}${time}`;
      rest = Math.floor(rest / alphabet.length);
    }
    const chance = Array.from({ length: 6 }, () => alphabet.charAt(randomInt(alphabet.length))).join("");
    return `${prefix}-${time}${chance}`;
  },
};
