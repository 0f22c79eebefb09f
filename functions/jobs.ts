/** Jobs queue → accept-job. Schema: docs/jobs.md. */
import { acceptJob } from "../lib/app/accept-job.ts";
import { jobMessage } from "../lib/contracts/job.ts";
import { explain } from "../lib/contracts/scalars.ts";
import { consumer } from "./runtime/batch.ts";

export const handler = consumer(async (app, body, { attributes }) => {
  const job = jobMessage.safeParse(body);
  if (!job.success) return explain(job.error);
  const accepted = await acceptJob(app, job.data, { kind: "message", name: attributes.SenderId });
  return accepted.ok ? null : `${accepted.fault.code}: ${accepted.fault.message}`;
});
