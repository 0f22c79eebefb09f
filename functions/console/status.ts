/** The status page: what an operator sees at one glance. */
import middy from "@middy/core";
import { nodeView, viewReservation } from "../../lib/app/views.ts";
import { statusPage } from "../../lib/console/status-page.ts";
import { consoleEnvironment, readEnvironment } from "../../lib/contracts/environment.ts";
import { composer } from "../runtime/compose.ts";

const makeApp = composer();
const shown = 300;
const { CONSOLE_TOKEN_PATH: tokenPath = null } = readEnvironment(consoleEnvironment, process.env);

export const handler = middy().handler(async () => {
  const { store, clock } = makeApp();
  const [nodes, reservations] = await Promise.all([
    store.list("node", shown, null),
    store.list("reservation", shown, null),
  ]);
  const body = statusPage({
    now: clock.now(),
    tokenPath,
    nodes: nodes.items.map((node) => nodeView(node, null)),
    reservations: await Promise.all(
      reservations.items.map((each) => viewReservation({ store, clock }, each)),
    ),
  });
  return { statusCode: 200, headers: { "content-type": "text/html; charset=utf-8" }, body };
});
