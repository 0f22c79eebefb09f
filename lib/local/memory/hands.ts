/** Hands in memory: what was sent to which controller. For tests and simulation. */
import { packed } from "../../aws/deliveries.ts";
import type { Receipt } from "../../contracts/command.ts";
import type { Command } from "../../core/command.ts";
import type { ControllerId } from "../../core/ids.ts";
import type { Hands } from "../../ports/hands.ts";

export interface MemoryHands extends Hands {
  readonly deliveries: { readonly controller: ControllerId; readonly commands: readonly Command[] }[];
  /** Not heard of lately. */
  readonly away: Set<ControllerId>;
  /** What controllers have answered. */
  readonly answered: Map<ControllerId, Receipt[]>;
}

/** `registered`: whom SSM knows; anybody else is surely not reached. */
export function memoryHands(registered: readonly ControllerId[]): MemoryHands {
  const deliveries: { controller: ControllerId; commands: readonly Command[] }[] = [];
  const away = new Set<ControllerId>();
  const answered = new Map<ControllerId, Receipt[]>();
  return {
    deliveries,
    away,
    answered,
    present: async (controllers) =>
      new Set(controllers.filter((each) => registered.includes(each) && !away.has(each))),
    answers: async (controller) => structuredClone(answered.get(controller) ?? []),
    send: async (controller, commands) =>
      packed(commands).map((part) => {
        if (!part.fits) return { sent: false, reason: part.reason };
        if (!registered.includes(controller)) {
          return { sent: false, reason: "the lab controller is not registered or not online" };
        }
        deliveries.push({ controller, commands: structuredClone(part.commands) });
        return { sent: true, deliveryId: String(deliveries.length) };
      }),
  };
}
