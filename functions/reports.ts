/** Reports queue → ingest-reports. Who sent a message is SQS's word, not the message's. */
import { ingestReports, nodesIn } from "../lib/app/ingest-reports.ts";
import { delaysIn } from "../lib/app/measure.ts";
import { readAhead } from "../lib/app/read-ahead.ts";
import { functionEnvironment, readEnvironment } from "../lib/contracts/environment.ts";
import { reports } from "../lib/contracts/report.ts";
import { readTolerantly } from "../lib/contracts/tolerant.ts";
import { consumer } from "./runtime/batch.ts";
import { emit } from "./runtime/metrics.ts";

const { METRICS_NAMESPACE } = readEnvironment(functionEnvironment, process.env);

export const handler = consumer({
  read: (body) => readTolerantly(reports, body),
  ahead: (app, messages) =>
    readAhead(
      app,
      messages.flatMap((each) => nodesIn(each).map((node) => ({ node, timer: null }))),
    ),
  consume: async (app, message, { attributes }) => {
    emit(METRICS_NAMESPACE, delaysIn(message.reports, Date.now()));
    const { refused } = await ingestReports(app, message, attributes.SenderId);
    return refused.length === 0 ? null : refused.join("; ");
  },
});
