/** The rack's own face, for tests and for whoever breaks machines on purpose: what they really do, and faults. */
import type { IncomingMessage } from "node:http";
import * as z from "zod";
import { explain, nodeId } from "../../contracts/scalars.ts";
import { readJson, serveJson } from "../http.ts";
import { faultChange } from "./config.ts";
import type { Machine } from "./machine.ts";
import { isOn } from "./node-state.ts";
import type { RackStore } from "./store.ts";

export interface ControlSettings {
  readonly port: number;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly ports: ReadonlyMap<string, { readonly bmcPort: number; readonly sshPort: number }>;
  readonly store: RackStore;
  readonly faultsChanged: (id: string) => Promise<void>;
}

export async function startControl(settings: ControlSettings): Promise<() => Promise<void>> {
  const server = await serveJson(
    settings.port,
    (request) => answer(settings, request),
    (error) => ({ status: 500, body: { detail: String(error) } }),
  );
  return server.stop;
}

async function answer(
  { machines, ports, store, faultsChanged }: ControlSettings,
  request: IncomingMessage,
): Promise<{ status: number; body: unknown }> {
  const path = new URL(request.url ?? "/", "http://rack").pathname;
  if (path === "/healthz") return { status: 200, body: { ok: true } };
  if (path === "/nodes")
    return { status: 200, body: { nodes: [...machines.values()].map((machine) => view(machine, ports)) } };
  const [, id] = /^\/nodes\/([^/]+)\/log$/.exec(path) ?? [];
  if (id !== undefined) {
    return machines.has(id)
      ? { status: 200, body: { log: store.readLog(id) } }
      : { status: 404, body: { detail: `there is no node ${id}` } };
  }
  if (path === "/power" && request.method === "POST") return press(machines, await readJson(request));
  if (path !== "/faults" || request.method !== "POST")
    return { status: 404, body: { detail: "there is nothing here" } };
  const parsed = faultChange.safeParse(await readJson(request));
  if (!parsed.success) return { status: 400, body: { detail: explain(parsed.error) } };
  const { clear, add } = parsed.data;
  const unknown = [...clear, ...add].find(({ node }) => !machines.has(node));
  if (unknown !== undefined) return { status: 400, body: { detail: `there is no node ${unknown.node}` } };
  for (const { node, kind } of clear) {
    const machine = machines.get(node);
    machine?.change({
      faults: machine.state().faults.filter((fault) => kind !== undefined && fault.kind !== kind),
    });
  }
  for (const fault of add) {
    const machine = machines.get(fault.node);
    machine?.change({ faults: [...machine.state().faults.filter(({ kind }) => kind !== fault.kind), fault] });
  }
  for (const { node } of [...clear, ...add]) await faultsChanged(node);
  return { status: 200, body: { ok: true } };
}

const button = z.strictObject({ node: nodeId, change: z.enum(["on", "off"]) });

/** A person at the rack presses the button of a machine. */
function press(machines: ControlSettings["machines"], body: unknown): { status: number; body: unknown } {
  const parsed = button.safeParse(body);
  if (!parsed.success) return { status: 400, body: { detail: explain(parsed.error) } };
  const { node, change } = parsed.data;
  const machine = machines.get(node);
  if (machine === undefined) return { status: 404, body: { detail: `there is no machine ${node}` } };
  machine.power([change]);
  return { status: 200, body: { ok: true } };
}

function view(machine: Machine, ports: ControlSettings["ports"]) {
  const state = machine.state();
  return {
    id: machine.id,
    power: isOn(state) ? "on" : "off",
    phase: state.machine.phase,
    stuck: state.stuck,
    bootSource: state.bootSource,
    installation: state.disk?.installation ?? null,
    writtenBytes: state.machine.phase === "build" ? state.machine.writtenBytes : null,
    faults: state.faults,
    ...ports.get(machine.id),
  };
}
