/** docs/jobs.md, from the schema of a job message. */
import { type JobMessage, jobMessage, mostNodes } from "../../contracts/job.ts";
import { explain } from "../../contracts/scalars.ts";
import { mostWaitingJobs } from "../../core/node/waiting-jobs.ts";
import { fieldsTable } from "./fields.ts";
import { code, json, page, table } from "./markdown.ts";

/** One of each kind; a test holds them against the schema. */
export const exampleJobs: readonly Readonly<Record<string, unknown>>[] = [
  {
    schema: "rackwright.job/1",
    kind: "reserve",
    id: "course-2026-11-24",
    owner: "ada",
    image: "demo",
    count: 3,
    minutes: 120,
    tags: ["nvme"],
    user: "ada",
    publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJr0Qm4mY1mVbN7d8k5b0c6g1f2h3i4j5k6l7m8n9o0p ada@example",
  },
  {
    schema: "rackwright.job/1",
    kind: "end",
    id: "course-2026-11-24-end",
    reservation: "course-2026-11-24",
    reason: "the course is over",
  },
  {
    schema: "rackwright.job/1",
    kind: "extend",
    id: "extend-course-1",
    reservation: "course-1",
    end: 1_796_000_000_000,
  },
  { schema: "rackwright.job/1", kind: "reload", id: "reload-node-07", node: "node-07", image: "demo" },
  {
    schema: "rackwright.job/1",
    kind: "capture",
    id: "capture-node-07",
    node: "node-07",
    image: "course-with-compiler",
    comment: "the compiler that the course wants",
  },
  {
    schema: "rackwright.job/1",
    kind: "power",
    id: "cycle-node-07",
    node: "node-07",
    change: "cycle",
    reason: "its user asked for it",
  },
  { schema: "rackwright.job/1", kind: "bios", id: "bios-node-07", node: "node-07" },
  { schema: "rackwright.job/1", kind: "burn-in", id: "burn-in-node-07", node: "node-07", minutes: 240 },
  {
    schema: "rackwright.job/1",
    kind: "rescue",
    id: "rescue-node-07",
    node: "node-07",
    minutes: 30,
    reason: "its user cannot boot it any more",
  },
  { schema: "rackwright.job/1", kind: "identify", id: "light-node-07", node: "node-07" },
  { schema: "rackwright.job/1", kind: "inspect", id: "inspect-node-07", node: "node-07" },
];

const meanings = {
  schema: "The format, with its version.",
  kind: "What is to be done.",
  reservation: "Which reservation.",
  reason: "Why, for the reservation's timeline.",
  node: "Which node.",
};

const whereToLook: Readonly<Record<JobMessage["kind"], string>> = {
  reserve: "`GET /v1/reservations/{id}`, with the job's id",
  end: "`GET /v1/reservations/{reservation}`",
  extend: "`GET /v1/reservations/{reservation}`; in a dead letter if others have been promised the time",
  reload: "`GET /v1/jobs/{id}`",
  capture: "`GET /v1/jobs/{id}`: it names the revision that was made",
  power: "`GET /v1/jobs/{id}`",
  bios: "`GET /v1/jobs/{id}`",
  "burn-in": "`GET /v1/jobs/{id}`; its findings: `GET /v1/nodes/{id}/issues`",
  rescue: "`GET /v1/jobs/{id}`",
  identify: "`GET /v1/jobs/{id}`: `failed`, with the node as it was, where its BMC has no light",
  inspect: "`GET /v1/jobs/{id}`",
};

const kindOf = ({ shape }: (typeof jobMessage.options)[number]): JobMessage["kind"] => shape.kind.value;

const badJob = {
  schema: "rackwright.job/1",
  kind: "reserve",
  id: "course-2",
  owner: "ada",
  image: "demo",
  count: mostNodes + 1,
  color: "red",
};

/** What a dead letter says of it, in the schema's own words. */
function reasonOf(job: object): string {
  const parsed = jobMessage.safeParse(job);
  if (parsed.success) throw new Error(`this was meant to be a bad example: ${JSON.stringify(job)}`);
  return explain(parsed.error);
}

const withCli = `aws sqs send-message --queue-url "$JOBS_QUEUE_URL" --message-body file://job.json`;

const withSdk = `import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const sqs = new SQSClient();
await sqs.send(new SendMessageCommand({ QueueUrl: process.env.JOBS_QUEUE_URL, MessageBody: JSON.stringify(job) }));`;

// Version 1 of the AWS CLI does not ask AWS_ENDPOINT_URL_SQS where SQS is: it has to be told on the command line.
const onOneMachine = `export AWS_ENDPOINT_URL_SQS=http://127.0.0.1:$(node -p 'JSON.parse(fs.readFileSync(".rackwright/settings.json")).ports.sqs')
export JOBS_QUEUE_URL=$AWS_ENDPOINT_URL_SQS/000000000000/jobs
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=me AWS_SECRET_ACCESS_KEY=local
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL_SQS" "$@"; }`;

const readDeadLetters = `aws sqs receive-message --queue-url "$JOBS_QUEUE_URL-dead" --message-attribute-names reason --max-number-of-messages 10`;

const kinds = (): string[] =>
  jobMessage.options.flatMap((shape) => {
    const kind = kindOf(shape);
    return [
      `## ${kind}`,
      shape.description ?? "",
      fieldsTable(shape, meanings),
      json(exampleJobs.find((each) => each["kind"] === kind)),
    ];
  });

export const jobsPage = (): string =>
  page(
    "Jobs from outside",
    "`lib/contracts/job.ts`",
    "A job is one JSON message on the jobs queue. Whoever may send to that queue (`sqs:SendMessage`) may send one, with any SQS client; it is carried out just as a request to the API is, and the sender stands in the timeline as the one who caused it.",
    table(
      ["kind", "what it is for", "what became of it"],
      jobMessage.options.map((shape) => {
        const kind = kindOf(shape);
        return [`[${kind}](#${kind})`, shape.description ?? "", whereToLook[kind]];
      }),
    ),
    "## Sending one",
    "With the AWS CLI, the job being in `job.json`:",
    code("sh", withCli),
    "With the AWS SDK for JavaScript:",
    code("js", withSdk),
    "On one machine (`npm start`) the queue is the embedded one, which believes any credentials; everything above works after:",
    code("sh", onOneMachine),
    "## The same id again changes nothing",
    "The `id` is the sender's choice and the job's identity. A sender that is not sure whether its message arrived sends it once more: the first one counts, and a later one with the same id does nothing, whatever else it says. SQS itself may deliver a message twice, with the same effect. Ending a reservation that is over changes nothing either. An id that was refused has not been used: the same id may be sent again, corrected.",
    "## A message that cannot be carried out",
    "A message that can never be carried out is moved to the dead-letter queue (the jobs queue's name with `-dead`) at once, with its body as it was and the message attribute `reason` that says what is wrong and where; `messageId` is its id on the jobs queue, and what two letters of a message that was delivered twice have in common. The rest of its batch is not held up. This one, for example,",
    code("json", JSON.stringify(badJob)),
    "is refused with",
    code("text", reasonOf(badJob)),
    table(
      ["reason begins with", "meaning"],
      [
        ["`not JSON`", "the body is not JSON"],
        [
          "a field's name, or `(whole message)`",
          "that field is not as below; every fault is named, not only the first",
        ],
        ["`image-unknown`", "no such image is registered: `POST /v1/images` first"],
        ["`node-unknown`, `reservation-unknown`", "there is none with this id"],
        ["`too-many-jobs`", `${mostWaitingJobs} jobs wait for this node already: wait for some to end`],
        [
          "`node-kept-out`",
          "the node is quarantined or in maintenance or retired: an operator has to give it back first",
        ],
      ],
    ),
    "What is refused can be read, corrected, and sent anew:",
    code("sh", readDeadLetters),
    "A message that failed for a reason of ours (a table that did not answer) comes back by itself; after five deliveries SQS moves it to the same queue, without a `reason`. Such a message may be sent again as it is.",
    ...kinds(),
  );
