/**
 * The wire between a QEMU machine's serial port and its BMC. QEMU prints into a file, which stays when everything else dies;
 * the BMC reads from a port that is always there, so that it misses nothing while the machine is off and on again.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { type SerialPort, startSerialPort } from "../serial.ts";

const lookEveryMs = 50;
const pieceBytes = 16 * 1024;

/** Hands on what comes into the file from now on. */
export async function startWire(file: string, port: number): Promise<SerialPort> {
  const serial = await startSerialPort(port);
  let from = existsSync(file) ? statSync(file).size : 0;
  const timer = setInterval(() => {
    if (!existsSync(file) || statSync(file).size <= from) return;
    const log = openSync(file, "r");
    const piece = Buffer.alloc(pieceBytes);
    const read = readSync(log, piece, 0, pieceBytes, from);
    closeSync(log);
    from += read;
    serial.print(piece.toString("latin1", 0, read));
  }, lookEveryMs);
  return {
    print: serial.print,
    stop: () => {
      clearInterval(timer);
      return serial.stop();
    },
  };
}
