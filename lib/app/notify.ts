/** Events of reservations become letters to their users. */
import type { Event } from "../contracts/events.ts";
import { isLetterType, letterOf } from "../core/reservation/letter.ts";
import type { Log } from "../ports/clock.ts";
import type { Mail } from "../ports/mail.ts";
import type { Records } from "../ports/store.ts";

/** Null: done, or nothing to do. Else why it will never be: the event belongs among the dead letters. */
export async function notify(
  { store, mail, log }: { readonly store: Pick<Records, "read">; readonly mail: Mail; readonly log: Log },
  { id, type, reservation, why }: Event,
): Promise<string | null> {
  if (!isLetterType(type) || reservation === null) return null;
  const known = await store.read("reservation", reservation);
  const letter = known === null ? null : letterOf(known, type, why);
  if (letter === null) return null;
  const { refused } = await mail.send(letter);
  if (refused !== null) return `${id}: the letter was refused: ${refused}`;
  // To whom is nobody's business who reads logs.
  log.info("a user was told", { event: id, type });
  return null;
}
