/** A serial port of a virtual machine: whoever is connected reads what the machine prints; what nobody reads is lost. */
import { createServer, type Socket } from "node:net";
import { listenOn } from "../http.ts";

export interface SerialPort {
  print(text: string): void;
  stop(): Promise<void>;
}

export async function startSerialPort(port: number): Promise<SerialPort> {
  const listeners = new Set<Socket>();
  const server = createServer((socket) => {
    listeners.add(socket);
    // Nothing that is typed is taken.
    socket.resume();
    socket.on("error", () => socket.destroy());
    socket.once("close", () => listeners.delete(socket));
  });
  await listenOn(server, port);
  return {
    print: (text) => {
      for (const listener of listeners) listener.write(text, "latin1");
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const listener of listeners) listener.destroy();
      }),
  };
}
