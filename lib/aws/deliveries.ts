/**
 * Commands of one lab controller, packed: as many together as fit, so that a rebuild of hundreds of nodes is a handful of
 * calls. Pure, so that the hands in memory pack as those by SSM do.
 */
import { maximumDeliveryBytes } from "../contracts/command.ts";
import type { Command } from "../core/command.ts";

const mostCommands = 50;

export type Packed =
  | { readonly fits: true; readonly commands: readonly Command[]; readonly json: string }
  | { readonly fits: false; readonly reason: string };

const jsonOf = (commands: readonly Command[]): string =>
  JSON.stringify({ schema: "rackwright.delivery/1", commands });
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
const emptyBytes = bytesOf(jsonOf([]));

/** In the order given. A command that is too large by itself fits in no delivery; the others travel without it. */
export function packed(commands: readonly Command[]): readonly Packed[] {
  const all: Packed[] = [];
  let part: Command[] = [];
  let partBytes = emptyBytes;
  const close = (): void => {
    if (part.length > 0) all.push({ fits: true, commands: part, json: jsonOf(part) });
    part = [];
    partBytes = emptyBytes;
  };
  for (const command of commands) {
    const bytes = bytesOf(JSON.stringify(command));
    if (emptyBytes + bytes > maximumDeliveryBytes) {
      close();
      const reason = `command ${command.id} has ${bytes} bytes; a delivery holds ${maximumDeliveryBytes - emptyBytes}`;
      all.push({ fits: false, reason });
      continue;
    }
    // One more byte: the comma between two commands.
    if (part.length === mostCommands || partBytes + bytes + 1 > maximumDeliveryBytes) close();
    part.push(command);
    partBytes += bytes + 1;
  }
  close();
  return all;
}
