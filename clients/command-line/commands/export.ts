import { command } from "../command.ts";
import { exits, UsageError } from "../exit.ts";
import { inventoryPages } from "./import.ts";

export const exportLab = command({
  name: "export",
  is: "write a lab as a file that import takes: importing it changes nothing",
  takes: ["LAB"],
  options: { format: { value: "FORMAT", is: "yaml or json (default: yaml)" } },
  async run({ client, surroundings }, given) {
    const { formats, writeLabFile } = await import("../../../lib/inventory/write.ts");
    const { knownOf } = await import("../../../lib/inventory/plan.ts");
    const asked = given.text("format") ?? "yaml";
    const format = formats.find((each) => each === asked);
    if (format === undefined) throw new UsageError(`--format: yaml or json, not ${JSON.stringify(asked)}`);
    const lab = given.argument(0);
    const known = knownOf(await inventoryPages(client, lab));
    if (known === null) {
      surroundings.error(`rackwright: there is no lab ${lab}\n`);
      return exits.missing;
    }
    surroundings.out(writeLabFile(lab, known, format));
    return exits.done;
  },
});
