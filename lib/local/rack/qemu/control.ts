/** The face of the QEMU rack for tests and for whoever breaks machines on purpose: what is on, and faults. */
import type { IncomingMessage } from "node:http";
import { explain } from "../../../contracts/scalars.ts";
import { type JsonAnswer, readJson, serveJson } from "../../http.ts";
import { faultChange } from "../config.ts";
import type { QemuMachine } from "./machine.ts";

const known: ReadonlySet<string> = new Set(["hang", "dead-bmc", "forgets-boot-device"]);

export async function startControl(
  port: number,
  machines: ReadonlyMap<string, QemuMachine>,
): Promise<() => Promise<void>> {
  const server = await serveJson(
    port,
    (request) => answer(machines, request),
    (error) => ({ status: 500, body: { detail: String(error) } }),
  );
  return server.stop;
}

async function answer(
  machines: ReadonlyMap<string, QemuMachine>,
  request: IncomingMessage,
): Promise<JsonAnswer> {
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
  const impossible = add.find(({ kind }) => !known.has(kind));
  if (impossible !== undefined)
    return {
      status: 400,
      body: { detail: `${impossible.kind}: a QEMU rack knows ${[...known].join(", ")} only` },
    };
  for (const { node, kind } of clear) {
    const machine = machines.get(node);
    if (kind === undefined || kind === "hang") machine?.setHang(null);
    if (kind === undefined || kind === "dead-bmc") machine?.setFrozen(false);
    if (kind === undefined || kind === "forgets-boot-device") machine?.setForgets(false);
  }
  for (const fault of add) {
    const machine = machines.get(fault.node);
    if (fault.kind === "hang") machine?.setHang(fault.phase);
    else if (fault.kind === "dead-bmc") machine?.setFrozen(true);
    else machine?.setForgets(true);
  }
  return { status: 200, body: { ok: true } };
}
