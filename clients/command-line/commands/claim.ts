import { command } from "../command.ts";
import { exits, UsageError } from "../exit.ts";

const bmcOptions = ["class", "driver", "address", "credential"] as const;

export const claim = command({
  name: "claim",
  is: "say which node a found machine is, or forget it (operators)",
  takes: ["LAB", "MACHINE"],
  options: {
    node: { value: "ID", is: "a node of the lab, or with --class a new one" },
    class: { value: "CLASS", is: "of the new node" },
    driver: { value: "NAME", is: "power driver of the new node: redfish, ipmi, fence, libvirt or exec" },
    address: { value: "ADDRESS", is: "where the new node's BMC is" },
    credential: { value: "NAME", is: "of the secret that the lab controller holds for that BMC" },
    forget: { is: "hear no more of it; if it tells of itself again, it is new" },
  },
  async run({ client, show }, given) {
    const [id, machine, node] = [given.argument(0), given.argument(1), given.text("node")];
    if (given.flag("forget")) {
      if (node !== undefined) throw new UsageError("claim: either --node or --forget is wanted");
      const forgotten = await client.call("postLabsMachinesForget", { id, machine });
      show(forgotten, () => [`${forgotten.id} is forgotten`]);
      return exits.done;
    }
    if (node === undefined) throw new UsageError("claim: --node or --forget is wanted");
    const claimed = await client.call("postLabsMachinesClaim", {
      id,
      machine,
      body: bodyOf(node, given.text),
    });
    show(claimed, () => [`${claimed.id} is ${claimed.node ?? node}: it is inspected next`]);
    return exits.done;
  },
});

function bodyOf(node: string, text: (name: (typeof bmcOptions)[number]) => string | undefined) {
  const [nodeClass, driver, address, credential] = bmcOptions.map(text);
  if (nodeClass === undefined && driver === undefined && address === undefined && credential === undefined)
    return { node };
  if (nodeClass === undefined || driver === undefined || address === undefined || credential === undefined)
    throw new UsageError(
      `claim: a new node wants all of ${bmcOptions.map((name) => `--${name}`).join(", ")}`,
    );
  return { node, class: nodeClass, bmc: { driver, address, credential } };
}
