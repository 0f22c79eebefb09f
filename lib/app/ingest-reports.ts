/**
 * What an agent tells. It is believed only from a controller of the node's lab (design §5): SQS says who sent it, the
 * message itself cannot.
 */

import type { Report, Reports } from "../contracts/report.ts";
import type { Actor } from "../core/node/node.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";

export type Ingested = { readonly refused: readonly string[] };

/** `sender` is SQS's SenderId: `AROA…:mi-…` for a hybrid-activated machine. */
export async function ingestReports(
  app: App,
  { controller, reports }: Reports,
  sender: string,
): Promise<Ingested> {
  if (!sender.endsWith(`:${controller}`)) {
    return { refused: [`sender ${sender} is not lab controller ${controller}, in whose name it reports`] };
  }
  const refused: string[] = [];
  for (const report of reports) {
    const reason = await ingest(app, report, controller);
    if (reason !== null) refused.push(reason);
  }
  return { refused };
}

async function ingest(app: App, report: Report, controller: string): Promise<string | null> {
  const name = report.kind === "command" ? report.result.node : report.beacon.node;
  const node = await app.store.read("node", name);
  if (node === null) return `report about unknown node ${name}`;
  const lab = await app.store.read("lab", node.lab);
  if (lab?.controllers.some((each) => each === controller) !== true) {
    return `${controller} is not a controller of lab ${node.lab} and cannot speak for node ${name}`;
  }
  switch (report.kind) {
    case "command": {
      const actor: Actor = { kind: "agent", name: controller };
      await advanceNode(app, name, { kind: "command", result: report.result, actor });
      return null;
    }
    case "beacon": {
      const { beacon } = report;
      if (beacon.progress !== undefined && beacon.boot !== null) {
        const { installation, boot } = beacon;
        // The newest word wins; a late one only shows an older figure until the next comes.
        const value = { node: name, installation, boot, ...beacon.progress, at: app.clock.now() };
        await app.store.commit([{ kind: "progress", value, expect: "any" }]);
      }
      await advanceNode(app, name, { kind: "beacon", beacon, actor: { kind: "node", name } });
      return null;
    }
  }
}
