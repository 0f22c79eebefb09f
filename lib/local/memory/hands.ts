/** Hands in memory: what was sent to which controller. For tests and simulation. */
import type { Command } from "../../core/command.ts";
import type { ControllerId } from "../../core/ids.ts";
import type { Hands } from "../../ports/hands.ts";

export interface MemoryHands extends Hands {
  readonly deliveries: { readonly controller: ControllerId; readonly commands: readonly Command[] }[];
}

const mostCommands = 50;

/** `registered`: whom SSM knows; anybody else is surely not reached. */
export function memoryHands(registered: readonly ControllerId[]): MemoryHands {
  const deliveries: { controller: ControllerId; commands: readonly Command[] }[] = [];
  return {
    deliveries,
    send: async (controller, commands) => {
      const parts = Array.from({ length: Math.ceil(commands.length / mostCommands) }, (_, part) =>
        commands.slice(part * mostCommands, (part + 1) * mostCommands),
      );
      if (!registered.includes(controller)) {
        return parts.map(() => ({
          sent: false,
          reason: "the lab controller is not registered or not online",
        }));
      }
      return parts.map((part) => {
        deliveries.push({ controller, commands: part });
        return { sent: true, deliveryId: String(deliveries.length) };
      });
    },
  };
}
