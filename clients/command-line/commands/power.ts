import { command } from "../command.ts";
import { exits, UsageError } from "../exit.ts";

const changes = ["on", "off", "cycle"] as const;

export const power = command({
  name: "power",
  is: "switch a node on, off, or off and on: one of a reservation of yours, or as an operator any",
  takes: ["NODE", "on|off|cycle"],
  options: {
    reservation: { value: "ID", is: "your reservation, which the node was handed over to" },
    reason: { value: "TEXT", is: "why; operators have to say it of a node that somebody uses" },
  },
  async run(context, given) {
    const node = given.argument(0);
    const change = changes.find((each) => each === given.argument(1));
    if (change === undefined) throw new UsageError(`power: ${changes.join(", ")} is wanted`);
    const reservation = given.text("reservation");
    const job =
      reservation === undefined
        ? await context.client.call("postNodesPower", {
            id: node,
            body: { change, reason: given.text("reason") ?? null },
          })
        : await context.client.call("postReservationsPower", { id: reservation, body: { node, change } });
    context.show(job, () => [`${node}: ${job.kind} is asked for, job ${job.id}`]);
    return exits.done;
  },
});
