/** The face of the QEMU rack for tests and for whoever breaks machines on purpose: what is on, and faults. */
import { createServer, type IncomingMessage } from "node:http";
import { explain } from "../../../contracts/scalars.ts";
import { listenOn, readJson } from "../../http.ts";
import { faultChange } from "../config.ts";
import type { QemuMachine } from "./machine.ts";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export async function startControl(
  port: number,
  machines: ReadonlyMap<string, QemuMachine>,
): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    answer(machines, request)
      .catch((error: unknown): Answer => ({ status: 500, body: { detail: String(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      })
      .catch(() => response.destroy());
  });
  await listenOn(server, port);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

async function answer(machines: ReadonlyMap<string, QemuMachine>, request: IncomingMessage): Promise<Answer> {
  if (request.url === "/nodes") {
    const nodes = [...machines.values()].map((machine) => ({
      id: machine.id,
      power: machine.isOn() ? "on" : "off",
      hang: machine.hang(),
      bmcFrozen: machine.isFrozen(),
    }));
    return { status: 200, body: { nodes } };
  }
  if (request.url !== "/faults" || request.method !== "POST")
    return { status: 404, body: { detail: "there is nothing here" } };
  const parsed = faultChange.safeParse(await readJson(request));
  if (!parsed.success) return { status: 400, body: { detail: explain(parsed.error) } };
  const { clear, add } = parsed.data;
  const unknown = [...clear, ...add].find(({ node }) => !machines.has(node));
  if (unknown !== undefined) return { status: 400, body: { detail: `there is no node ${unknown.node}` } };
  const impossible = add.find(({ kind }) => kind !== "hang" && kind !== "dead-bmc");
  if (impossible !== undefined)
    return { status: 400, body: { detail: `${impossible.kind}: a QEMU rack knows hang and dead-bmc only` } };
  for (const { node, kind } of clear) {
    const machine = machines.get(node);
    if (kind === undefined || kind === "hang") machine?.setHang(null);
    if (kind === undefined || kind === "dead-bmc") machine?.setFrozen(false);
  }
  for (const fault of add) {
    const machine = machines.get(fault.node);
    if (fault.kind === "hang") machine?.setHang(fault.phase);
    else machine?.setFrozen(true);
  }
  return { status: 200, body: { ok: true } };
}
