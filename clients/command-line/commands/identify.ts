import { command } from "../command.ts";
import { exits } from "../exit.ts";

export const identify = command({
  name: "identify",
  is: "light a node's machine up for two minutes, so that a person finds it in the racks (operators)",
  takes: ["NODE"],
  options: {},
  async run({ client, show }, given) {
    const node = given.argument(0);
    const job = await client.call("postNodesIdentify", { id: node, body: {} });
    show(job, () => [`${node}: its light is asked for, job ${job.id}`]);
    return exits.done;
  },
});
