import { command } from "../command.ts";
import { exits } from "../exit.ts";

export const record = command({
  name: "record",
  is: "print a node's flight recorder: all that is known of it, as one JSON document",
  takes: ["NODE"],
  options: {},
  async run({ client, show }, given) {
    const known = await client.call("getNodesRecord", { id: given.argument(0) });
    show(known, () => JSON.stringify(known, null, 2).split("\n"));
    return exits.done;
  },
});
