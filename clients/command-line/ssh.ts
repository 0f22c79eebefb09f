/** How a node of a reservation is reached with OpenSSH. */
import type { Reservation } from "../typescript/client.ts";
import { FailedError } from "./exit.ts";
import { shellWord } from "./text.ts";

export type Connection = Reservation["connections"][number];

/**
 * The words after `ssh`. A node has new host keys after every load: they are remembered under the node's name in this
 * reservation, so that the keys of the one before are in nobody's way, and a change within the reservation is noticed.
 */
export function sshWords(
  { node, address, user }: Connection,
  reservation: string,
  identity: string | undefined,
): readonly string[] {
  const { host, port } = endpointOf(address);
  const destination = `${user}@${host}`;
  if (!/^[\w.][\w.-]*@[\w.:-]+$/.test(destination))
    throw new FailedError(`node ${node}: ${JSON.stringify(destination)} is nowhere that ssh could go`);
  return [
    ...(identity === undefined ? [] : ["-i", identity]),
    ...["-o", `HostKeyAlias=${node}.${reservation}`, "-o", "StrictHostKeyChecking=accept-new"],
    ...(port === null ? [] : ["-p", port]),
    destination,
  ];
}

export const sshLine = (words: readonly string[]): string => ["ssh", ...words].map(shellWord).join(" ");

/** `10.0.0.7`, `10.0.0.7:2222`, `fd00::7`, `[fd00::7]:2222`. */
function endpointOf(address: string): { readonly host: string; readonly port: string | null } {
  const [, inBrackets, name, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(address) ?? [];
  return { host: inBrackets ?? name ?? address, port: port ?? null };
}
