/** What making a node ready has taught is kept: one small write when it is done, beside the transaction. */
import { experienceId } from "../contracts/keys.ts";
import { jobOf, type NodeState } from "../core/node/node.ts";
import { type Lesson, noExperience, spentBy, taught } from "../core/prediction/experience.ts";
import type { Reservation } from "../core/reservation/reservation.ts";
import type { Instant } from "../core/time.ts";
import type { App } from "./app.ts";

/** Written by others at the same time so often: the lesson is lost, and nobody is worse off. */
const rounds = 3;

/** `before` and `after` are one transition of a node; most of them teach nothing. */
export async function learn(
  { store }: App,
  before: NodeState,
  after: NodeState,
  reservation: Reservation | null,
  now: Instant,
): Promise<void> {
  const job = jobOf(before);
  const ended = after.lastJob !== before.lastJob && after.lastJob?.id === job?.id;
  if (job === null || job.target === null || !ended || after.lastJob?.outcome !== "done") return;
  if (job.program !== "provision" && job.program !== "reload") return;
  const { image } = job.target;
  const spent = spentBy(job, now);
  const lesson: Lesson = {
    spent,
    handedOver:
      job.program === "reload"
        ? null
        : {
            withoutLoad: spent.load === undefined,
            wantedAt: reservation?.asap === true ? reservation.createdAt : null,
          },
  };
  for (let round = 0; round < rounds; round += 1) {
    const known = await store.read("experience", experienceId(after.class, image));
    const value = taught(known ?? noExperience(experienceId(after.class, image), now), lesson);
    const expect = known === null ? "absent" : known.version;
    if ((await store.commit([{ kind: "experience", value, expect }])) === "committed") return;
  }
}
