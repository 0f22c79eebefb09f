/** A port that prints what the console prints: terminal servers, ser2net, virtual machines. `telnet`: commands in it are left out. */
import { connect } from "node:net";
import * as z from "zod";
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { type ConsoleDriver, consoleHost, consoleOptions } from "./driver.ts";

const options = z.strictObject({ telnet: z.enum(["yes", "no"]).default("no") });

const connectMs = 10_000;
/** A peer that has gone without a word is noticed by this. */
const keepAliveMs = 30_000;

export const tcp: ConsoleDriver = {
  name: "tcp",
  listen: (console, heard) => {
    const { host, port } = consoleHost("tcp", console.address, null);
    const { telnet } = consoleOptions("tcp", options, console);
    const hand = telnet === "yes" ? withoutTelnet(heard) : heard;
    const { signal } = console;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const socket = connect({ host, port });
      let isOpen = false;
      const stop = () => socket.destroy();
      signal.addEventListener("abort", stop, { once: true });
      socket.setTimeout(connectMs, () =>
        socket.destroy(new Error(`no connection within ${connectMs / 1000} s`)),
      );
      socket.once("connect", () => {
        isOpen = true;
        console.connected();
        socket.setTimeout(0);
        socket.setKeepAlive(true, keepAliveMs);
      });
      let why = "it was closed at the other end";
      socket.once("error", (error) => {
        why = error.message;
      });
      socket.on("data", hand);
      socket.once("close", () => {
        signal.removeEventListener("abort", stop);
        if (signal.aborted) return reject(signal.reason);
        if (isOpen) return resolve(why);
        const message = `console ${console.address} does not answer: ${why}`;
        reject(new DriverFault(nodeFault("console-unreachable", message)));
      });
    });
  },
};

const [interpret, subBegin, subEnd, will, dont] = [255, 250, 240, 251, 254];

/** Leaves out telnet's commands (RFC 854), which may be cut anywhere. */
export function withoutTelnet(heard: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let state: "text" | "command" | "option" | "sub" | "sub-command" = "text";
  return (bytes) => {
    const text: number[] = [];
    for (const byte of bytes) {
      switch (state) {
        case "text":
          if (byte === interpret) state = "command";
          else text.push(byte);
          break;
        case "command":
          if (byte === interpret) text.push(byte);
          state = byte === subBegin ? "sub" : byte >= will && byte <= dont ? "option" : "text";
          break;
        case "option":
          state = "text";
          break;
        case "sub":
          if (byte === interpret) state = "sub-command";
          break;
        case "sub-command":
          state = byte === subEnd ? "text" : "sub";
          break;
      }
    }
    if (text.length > 0) heard(Uint8Array.from(text));
  };
}
