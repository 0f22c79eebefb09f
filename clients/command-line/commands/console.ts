import { ProblemError, UnreachableError } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { plain, secondText } from "../text.ts";

/** As long as the API waits at most. */
const waitSeconds = 20;
/** A lab controller answers within this, or not soon. */
const onceSeconds = 6;
const tryAgainMs = 2000;

export const console = command({
  name: "console",
  is: "print what a node's serial console prints, and go on: of a node that you have, or as an operator of any",
  takes: ["NODE"],
  options: { once: { is: "only its last lines" } },
  async run(context, given) {
    const id = given.argument(0);
    const { client, surroundings } = context;
    for (let after = 0; ; ) {
      try {
        const once = given.flag("once");
        const answer = await client.call("getNodesConsole", {
          id,
          after,
          waitSeconds: once ? onceSeconds : waitSeconds,
        });
        after = answer.after;
        if (context.json) context.show(answer, () => []);
        else for (const { at, text } of answer.lines) context.say(`${secondText(at)} ${plain(text)}`);
        if (once) return exits.done;
      } catch (error) {
        const passes =
          error instanceof UnreachableError || (error instanceof ProblemError && error.status >= 500);
        if (!passes || given.flag("once")) throw error;
        context.note(`${error.message}; asking again`);
        await surroundings.sleep(tryAgainMs);
      }
    }
  },
});
