import { command } from "../command.ts";
import { exits, UsageError } from "../exit.ts";
import { instantForms } from "../options.ts";
import { instantText } from "../text.ts";

const mostMinutes = 60 * 24 * 30;

export const extend = command({
  name: "extend",
  is: "let a reservation end later, if nobody else has been promised its nodes",
  takes: ["ID"],
  options: {
    by: { value: "MIN", is: "by so many minutes" },
    until: { value: "TIME", is: `until then: ${instantForms}` },
  },
  async run({ client, show }, given) {
    const id = given.argument(0);
    const [minutes, until] = [given.integer("by", 1, mostMinutes), given.instant("until")];
    if ((minutes === undefined) === (until === undefined))
      throw new UsageError("extend: one of --by and --until is wanted");
    const end = until ?? (await client.call("getReservationsById", { id })).end + (minutes ?? 0) * 60_000;
    const extended = await client.call("postReservationsExtend", { id, body: { end } });
    show(extended, () => [`${id} ends at ${instantText(extended.end)}`]);
    return exits.done;
  },
});
