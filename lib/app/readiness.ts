/** What people see of readiness: how often an image lay ready, and how long it takes where it did not. */
import { experienceId } from "../contracts/keys.ts";
import type { ReadinessView } from "../contracts/views.ts";
import { readyMs } from "../core/prediction/experience.ts";
import type { Store } from "../ports/store.ts";
import { mostImages } from "./preload.ts";

const shareOf = (part: number, whole: number): number | null =>
  whole === 0 ? null : Math.round((1000 * part) / whole) / 1000;

export async function viewReadiness(store: Store, nodeClass: string): Promise<ReadinessView> {
  const { items } = await store.list("image", mostImages, null);
  const known = await Promise.all(
    items.map(({ id }) => store.read("experience", experienceId(nodeClass, id))),
  );
  const images = items.flatMap(({ id }, index) => {
    const experience = known[index] ?? null;
    if (experience === null) return [];
    const { handedOver, withoutLoad, stages } = experience;
    return [
      {
        image: id,
        handedOver,
        withoutLoad,
        share: shareOf(withoutLoad, handedOver),
        readyWithinMs: readyMs(experience),
        stages,
      },
    ];
  });
  const handedOver = images.reduce((sum, each) => sum + each.handedOver, 0);
  const withoutLoad = images.reduce((sum, each) => sum + each.withoutLoad, 0);
  return { class: nodeClass, handedOver, withoutLoad, share: shareOf(withoutLoad, handedOver), images };
}
