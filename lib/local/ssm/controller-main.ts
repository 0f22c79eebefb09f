/** The stand-in for amazon-ssm-agent as a process: `controller-main.ts --endpoint URL --controller mi-… --state DIR`. */
import { parseArgs } from "node:util";
import { runController } from "./controller.ts";

const { values } = parseArgs({
  options: { endpoint: { type: "string" }, controller: { type: "string" }, state: { type: "string" } },
});
const { endpoint, controller, state } = values;
if (endpoint === undefined || controller === undefined || state === undefined) {
  throw new Error("usage: controller-main.ts --endpoint URL --controller mi-… --state DIR");
}
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
await runController(
  {
    endpoint,
    controller,
    stateDir: state,
    log: (message) => console.error(JSON.stringify({ controller, message })),
  },
  stop.signal,
);
