import type { Machine } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { instantText, table } from "../text.ts";

export const machines = command({
  name: "machines",
  is: "list the machines that were found in a lab: first those that are held, and why",
  takes: ["LAB"],
  options: { held: { is: "only those that are held" } },
  async run({ client, show }, given) {
    const found: Machine[] = [];
    for await (const page of client.pages("getLabsMachines", { id: given.argument(0) }))
      found.push(...page.machines);
    const wanted = given.flag("held") ? found.filter(({ state }) => state === "held") : found;
    show({ machines: wanted, next: null }, () => [
      ...table(head, wanted.map(rowOf)),
      ...wanted.filter(({ state }) => state === "held").map(({ id, why }) => `${id} is held: ${why}`),
    ]);
    return exits.done;
  },
});

const head = ["MACHINE", "STATE", "NODE", "CPUS", "MEMORY", "DISKS", "PRODUCT", "SERIAL", "SEEN", "BOOTS"];

const rowOf = ({ id, state, reason, node, hardware, lastSeen, boots }: Machine) => [
  id,
  reason ?? state,
  node,
  String(hardware.cpus),
  `${Math.round(hardware.memoryMiB / 1024)} GiB`,
  hardware.disks.map(({ sizeBytes }) => `${Math.round(sizeBytes / 1e9)} GB`).join(" + ") || null,
  hardware.system?.product ?? null,
  hardware.system?.serial ?? null,
  instantText(lastSeen),
  String(boots),
];
