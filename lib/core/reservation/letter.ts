/** What the user of a reservation is told by letter. Pure. */
import type { Reservation } from "./reservation.ts";

/** Events that he is told of, by the state in which that is still news; of an end, only of one that he may not expect. */
const news = {
  "reservation.reserved": ["reserved", "in-use"],
  "reservation.ending-soon": ["reserved", "in-use"],
  "reservation.failed": ["failed"],
  "reservation.reclaim": ["reclaim", "complete"],
} as const satisfies Readonly<Record<string, readonly Reservation["state"][]>>;

/** Where not each event of a type is news: those with this cause are. */
export const letterCauses: Readonly<Partial<Record<LetterType, string>>> = {
  "reservation.reclaim": "never-connected",
};

export type LetterType = keyof typeof news;

export const isLetterType = (type: string): type is LetterType => Object.hasOwn(news, type);
export const letterTypes: readonly LetterType[] = Object.keys(news).filter(isLetterType);

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** `why`: what the event says. Null: he wants no letters, or it has been overtaken by what came after. */
export function letterOf(reservation: Reservation, type: LetterType, why: string): Letter | null {
  const { id, email: to, state, count, image } = reservation;
  const wanted = letterCauses[type];
  const isNews =
    news[type].some((each) => each === state) && (wanted === undefined || reservation.cause?.code === wanted);
  if (to === null || !isNews) return null;
  const what = `${count} × ${reservation.class} with ${image}`;
  const write = (is: string, ...lines: string[]): Letter => ({
    to,
    subject: `Reservation ${id} ${is}`,
    text: [`Reservation ${id} (${what}): ${why}.`, "", ...lines, ""].join("\n"),
  });
  switch (type) {
    case "reservation.reserved":
      return write("is ready", `How to log in:  npx rackwright connect ${id}`);
    case "reservation.ending-soon":
      return write(
        "ends soon",
        "What is on its nodes is erased when it has ended.",
        `To keep them longer, if nobody else has been promised them:  npx rackwright extend ${id} --by 60`,
      );
    case "reservation.reclaim":
      return write(
        "was ended",
        "Its nodes are given to others, and what is on them is erased.",
        "Whoever wants them all the same reserves anew:  npx rackwright reserve --help",
      );
    case "reservation.failed":
      return write("could not be served", `What happened, step by step:  npx rackwright explain ${id}`);
  }
}
