import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { follow } from "../follow.ts";
import { isOver } from "../progress.ts";

export const end = command({
  name: "end",
  is: "end a reservation: its nodes are taken back",
  takes: ["ID"],
  options: {
    reason: { value: "TEXT", is: "why, for its history (default: ended by its user)" },
    capture: { value: "IMAGE", is: "first make an image of its node, so that no work is lost" },
    comment: { value: "TEXT", is: "what was changed, for whoever chooses among the image's revisions" },
    watch: { is: "stay until its nodes are taken back" },
  },
  async run(context, given) {
    const id = given.argument(0);
    const reason = given.text("reason") ?? "ended by its user";
    const image = given.text("capture");
    const wish =
      image === undefined
        ? {}
        : { capture: { image, comment: given.text("comment") ?? "no comment", node: null } };
    const ending = await context.client.call("postReservationsEnd", { id, body: { reason, ...wish } });
    context.show(ending, () => [`${id} is ending`]);
    if (given.flag("watch")) await follow(context, id, isOver);
    return exits.done;
  },
});
