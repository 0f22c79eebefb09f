/** Reports queue → ingest-reports. Who sent a message is SQS's word, not the message's. */
import { ingestReports } from "../lib/app/ingest-reports.ts";
import { delaysIn } from "../lib/app/measure.ts";
import { functionEnvironment, readEnvironment } from "../lib/contracts/environment.ts";
import { reports } from "../lib/contracts/report.ts";
import { explain } from "../lib/contracts/scalars.ts";
import { readTolerantly } from "../lib/contracts/tolerant.ts";
import { consumer } from "./runtime/batch.ts";
import { emit } from "./runtime/metrics.ts";

const { METRICS_NAMESPACE } = readEnvironment(functionEnvironment, process.env);

export const handler = consumer(async (app, body, { attributes }) => {
  const parsed = readTolerantly(reports, body);
  if (!parsed.success) return explain(parsed.error);
  emit(METRICS_NAMESPACE, delaysIn(parsed.data.reports, Date.now()));
  const { refused } = await ingestReports(app, parsed.data, attributes.SenderId);
  return refused.length === 0 ? null : refused.join("; ");
});
