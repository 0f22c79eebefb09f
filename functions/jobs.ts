/** Jobs queue → accept-job. Schema: docs/jobs.md. */
import { acceptJob } from "../lib/app/accept-job.ts";
import { jobMessage } from "../lib/contracts/job.ts";
import { consumer } from "./runtime/batch.ts";

export const handler = consumer({
  read: (body) => jobMessage.safeParse(body),
  consume: async (app, job, { attributes }) => {
    const accepted = await acceptJob(app, job, { kind: "message", name: attributes.SenderId });
    return accepted.ok ? null : `${accepted.fault.code}: ${accepted.fault.message}`;
  },
});
