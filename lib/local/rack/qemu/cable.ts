/**
 * The cable of a QEMU machine, with a switch at its other end that says by LLDP who it is (IEEE 802.1AB). QEMU takes each
 * datagram on the machine's cable port for one Ethernet frame.
 */
import { createSocket } from "node:dgram";
import type { Hardware } from "../../../core/node/hardware.ts";

type Neighbour = NonNullable<Hardware["lldp"]>[number];

/** More often than a real switch, which speaks every 30 s. */
const everyMs = 2000;
const [toWhom, etherType] = ["0180c200000e", "88cc"];
const [chassisId, portId, timeToLive, systemName, end] = [1, 2, 3, 5, 0];
/** Subtypes: what the switch calls its chassis, and its port, in its own words. */
const [localChassis, localPort] = [7, 7];

/** Says it for as long as the process lives, whether the machine is on or not. */
export function startCable(neighbours: readonly Neighbour[], port: number): void {
  const socket = createSocket("udp4").unref();
  // The machine is off: nobody hears it.
  socket.on("error", () => undefined);
  setInterval(() => {
    for (const each of neighbours) socket.send(frameOf(each), port, "127.0.0.1");
  }, everyMs).unref();
}

function frameOf({ mac, chassis, port, systemName: name }: Neighbour): Buffer {
  return Buffer.concat([
    // A switch's port has an address of its own; this one is like that of the machine, administered locally.
    Buffer.from(`${toWhom}02${mac.replaceAll(":", "").slice(2)}${etherType}`, "hex"),
    part(chassisId, Buffer.concat([Buffer.of(localChassis), Buffer.from(chassis)])),
    part(portId, Buffer.concat([Buffer.of(localPort), Buffer.from(port)])),
    part(timeToLive, Buffer.of(0, 120)),
    ...(name === undefined ? [] : [part(systemName, Buffer.from(name))]),
    part(end, Buffer.alloc(0)),
  ]);
}

/** Seven bits of type, nine of length. */
function part(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(type * 512 + value.length);
  return Buffer.concat([head, value]);
}
