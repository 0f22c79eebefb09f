import { type Answer, type Client, ProblemError } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { spanText } from "../text.ts";

export const explain = command({
  name: "explain",
  is: "say why a reservation or a node is as it is, what it waits for, and how that is known",
  takes: ["ID"],
  options: {},
  async run({ client, surroundings, show }, given) {
    const explained = await explanation(client, given.argument(0));
    const nowMs = surroundings.now();
    show(explained, () =>
      explained.answers.flatMap(({ question, answer, evidence, until }) => [
        question,
        `  ${answer}`,
        ...(evidence === null ? [] : [`  known by: ${evidence}`]),
        ...(until === null || until < nowMs
          ? []
          : [`  looked at again, or given up, within ${spanText(until - nowMs)}`]),
      ]),
    );
    return exits.done;
  },
});

/** A reservation and a node never share an id by accident; if they do, the reservation is meant. */
async function explanation(client: Client, id: string): Promise<Answer<"getReservationsExplain">> {
  try {
    return await client.call("getReservationsExplain", { id });
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status !== 404) throw error;
  }
  try {
    return await client.call("getNodesExplain", { id });
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status !== 404) throw error;
    const { type, title, status } = error;
    throw new ProblemError({ type, title, status, detail: `there is no reservation and no node ${id}` });
  }
}
