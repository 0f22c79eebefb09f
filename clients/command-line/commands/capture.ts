import { command } from "../command.ts";
import { exits } from "../exit.ts";

export const capture = command({
  name: "capture",
  is: "make an image of a node as it is: of one of a reservation of yours, which goes on, or as an operator of any",
  takes: ["NODE"],
  options: {
    reservation: { value: "ID", is: "your reservation, which the node was handed over to" },
    image: {
      value: "IMAGE",
      is: "a new image, or one that gets another revision (default: what is on the node)",
    },
    comment: { value: "TEXT", is: "what was changed, for whoever chooses among revisions" },
  },
  async run(context, given) {
    const node = given.argument(0);
    const reservation = given.text("reservation");
    const wish = { image: given.text("image") ?? null, comment: given.text("comment") ?? "no comment" };
    const job =
      reservation === undefined
        ? await context.client.call("postNodesCapture", { id: node, body: wish })
        : await context.client.call("postReservationsCapture", { id: reservation, body: { ...wish, node } });
    const where = reservation === undefined ? `node ${node}` : `watch ${reservation}`;
    context.show(job, () => [
      `${node} is being captured, job ${job.id}: rackwright ${where} says how far it is`,
    ]);
    return exits.done;
  },
});
