/** Letters to people. At least once: whoever gets one twice has read it twice. */
import type { Letter } from "../core/reservation/letter.ts";

export interface Mail {
  /** Throws where it may be tried again. `refused`: why this letter will never be taken; null: it is on its way. */
  send(letter: Letter): Promise<{ readonly refused: string | null }>;
}
