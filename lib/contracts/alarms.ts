/**
 * Every alarm: what it watches, and what it tells whoever it wakes. infra/ makes alarms of it, docs/runbook.md its sections.
 */
import type { SavedQuery } from "./log-queries.ts";
import type { MetricName } from "./metrics.ts";
import type { OperationName } from "./operate.ts";
import { type QueueName, queueNames } from "./queues.ts";
import { type FunctionName, functionNames, functions } from "./topology.ts";

/** What an Automation document does beside the operations of functions/operate.ts. */
export type Action = OperationName | "redrive";

export interface Alarm {
  /** The section of the runbook. */
  readonly name: string;
  readonly happened: string;
  readonly means: string;
  readonly act: string;
  /** The Automation documents that help, the likeliest first. */
  readonly actions: readonly Action[];
  readonly query: SavedQuery | null;
}

/** One metric against one threshold. */
export interface MetricAlarm extends Alarm {
  readonly watches:
    | { readonly kind: "dead-letters" | "queue"; readonly queue: QueueName; readonly metric: string }
    | { readonly kind: "function"; readonly name: FunctionName; readonly metric: string }
    | { readonly kind: "api"; readonly metric: string }
    | { readonly kind: "own"; readonly metric: MetricName };
  readonly statistic: "Sum" | "Maximum";
  readonly comparison: "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  readonly threshold: number;
  /** So many minutes in a row. */
  readonly minutes: number;
  readonly missing: "breaching" | "notBreaching";
}

const atLeast = (threshold: number, statistic: MetricAlarm["statistic"], minutes: number) =>
  ({
    comparison: "GreaterThanOrEqualToThreshold",
    threshold,
    statistic,
    minutes,
    missing: "notBreaching",
  }) as const;

const forQueue = (queue: QueueName): readonly MetricAlarm[] => [
  {
    name: `${queue}-dead-letters`,
    watches: { kind: "dead-letters", queue, metric: "ApproximateNumberOfMessagesVisible" },
    ...atLeast(1, "Maximum", 1),
    happened: `Messages for ${queue} could not be carried out and were set aside.`,
    means: "Nothing else waits for them. They are kept for 14 days.",
    act: 'Read the attribute "reason" of each: it says what its sender has to change. One without a reason was tried until it was given up: redrive it once its cause is gone.',
    actions: ["redrive"],
    query: "rejected-messages",
  },
  {
    name: `${queue}-waiting`,
    watches: { kind: "queue", queue, metric: "ApproximateAgeOfOldestMessage" },
    ...atLeast(300, "Maximum", 3),
    happened: `Messages for ${queue} wait for more than five minutes.`,
    means: "Nodes are late, and nothing is lost.",
    act: "Look at the errors and throttles of the function that consumes them. If it began with a deployment, deploy the version before.",
    actions: [],
    query: "errors",
  },
];

const errorsOf = (name: FunctionName): MetricAlarm => ({
  name: `${name.replaceAll("/", "-")}-errors`,
  watches: { kind: "function", name, metric: "Errors" },
  // Whoever asked for an operation is told by its Automation that it was refused.
  ...atLeast(name === "operate" ? 5 : 1, "Sum", 3),
  happened: `The function ${name} has failed three minutes in a row.`,
  means:
    name === "operate"
      ? "What operators have asked for was refused or has failed; each execution of the Automation says why."
      : "What it was given comes again by itself.",
  act: "Search its log for errors. If they began with a deployment, deploy the version before: jobs that run go on.",
  actions: [],
  query: "errors",
});

const silenceOf = (name: FunctionName): MetricAlarm => ({
  name: `${name.replaceAll("/", "-")}-silent`,
  watches: { kind: "function", name, metric: "Invocations" },
  statistic: "Sum",
  comparison: "LessThanThreshold",
  threshold: 1,
  minutes: 5,
  missing: "breaching",
  happened: `The watchdog ${name} has not run for five minutes.`,
  means: "What is lost meanwhile is not noticed.",
  act: "See whether its schedule is enabled and its function throttled.",
  actions: [],
  query: "errors",
});

const lateEvents = (name: FunctionName): MetricAlarm => ({
  name: `${name}-late`,
  watches: { kind: "function", name, metric: "IteratorAge" },
  // An hour, of the 24 that the stream keeps a record.
  ...atLeast(3_600_000, "Maximum", 5),
  happened: "Events are told an hour late.",
  means:
    "After 24 hours they are lost to whoever listens, and to the metrics; the timelines in the table are whole.",
  act: "Search the log of the function for errors: a bus that refuses, or a record that takes too long.",
  actions: [],
  query: "errors",
});

const apiErrors: MetricAlarm = {
  name: "api-errors",
  watches: { kind: "api", metric: "5xx" },
  ...atLeast(5, "Sum", 3),
  happened: "The API fails for its callers.",
  means: "Portals and people cannot reserve; what runs goes on.",
  act: "Search the log of the function api for errors: each has the request's id, which the caller was told. If they began with a deployment, deploy the version before.",
  actions: [],
  query: "errors",
};

const labs: readonly MetricAlarm[] = [
  {
    name: "lab-silent",
    watches: { kind: "own", metric: "SilentLabs" },
    ...atLeast(1, "Maximum", 5),
    happened: "No controller of a lab can be reached for five minutes.",
    means:
      "Nothing is done in that lab, no attempt is spent and no error piles up; its users keep their nodes. It goes on by itself when a controller is back.",
    act: "Find the lab in the query. See whether its controller runs and reaches AWS: rackwright-agent doctor on it says what is missing. For a planned outage, drain the lab first.",
    actions: ["drain", "resume"],
    query: "silent-labs",
  },
  {
    name: "lab-suspect",
    watches: { kind: "own", metric: "SuspectLabs" },
    ...atLeast(1, "Maximum", 3),
    happened: "Many nodes of a lab are late at once, or a power domain answers for none of its nodes.",
    means:
      "What they have in common is more likely to be broken than they are. Of a suspect lab one node after the other is corrected; what hangs on a power domain that does not answer is neither rebooted nor given up for a day.",
    act: "Find the lab and the power domains in the query. Look for what the nodes share: a PDU, a chassis, a switch, a boot server, an image. Correction goes on by itself when they come back.",
    actions: ["record", "look-again", "drain", "resume"],
    query: "suspect-labs",
  },
  {
    name: "nodes-overdue",
    watches: { kind: "own", metric: "OverdueNodes" },
    ...atLeast(20, "Maximum", 10),
    happened: "For ten minutes, more than 20 nodes were past their deadline when the watchdog looked.",
    means: "Timers are lost, or whoever is woken fails. The watchdog wakes them anew every minute.",
    act: "See whether the queue wakes is consumed. Look at one of the nodes: its flight recorder says what it waits for.",
    actions: ["record", "look-again"],
    query: "late-nodes",
  },
  {
    name: "nodes-quarantined",
    watches: { kind: "own", metric: "Quarantined" },
    ...atLeast(3, "Sum", 1),
    happened: "Three nodes or more were quarantined within a minute.",
    means:
      "Correction has tried everything with them. Their reservations get other nodes, as long as there are any.",
    act: "Read their hardware logs: one rack, one image or one switch may be behind all of them. When the cause is gone, release them; they are checked before anybody gets them.",
    actions: ["record", "release", "offline", "reload"],
    query: "quarantined-nodes",
  },
];

export const metricAlarms: readonly MetricAlarm[] = [
  ...queueNames.flatMap(forQueue),
  ...functionNames.flatMap((name): readonly MetricAlarm[] => {
    const { kind } = functions[name].trigger;
    if (kind === "local-page") return [];
    return [
      ...(kind === "minutely" ? [silenceOf(name)] : []),
      errorsOf(name),
      ...(kind === "stream" ? [lateEvents(name)] : []),
    ];
  }),
  apiErrors,
  ...labs,
];

/** What is promised, as the share of what must go well; and how fast what is allowed to fail is being used up. */
export interface Objective extends Alarm {
  readonly share: number;
  /** What is counted: of our own metrics by outcome, or of the API's. */
  readonly counts: "reservations" | "api";
  readonly promise: string;
}

export const objectives: readonly Objective[] = [
  {
    name: "objective-reservations",
    counts: "reservations",
    share: 0.99,
    promise: "Of 100 reservations that come to their start, 99 are handed over.",
    happened: "Reservations fail so often that the objective will be missed.",
    means: "Of 100 reservations 99 are to be handed over; what may fail in 30 days is gone in days.",
    act: "See with what cause they fail: no nodes in time wants more nodes or fewer quarantined ones; not ready in time is an image or a lab that is slow.",
    actions: ["record", "release", "resume"],
    query: "failed-reservations",
  },
  {
    name: "objective-api",
    counts: "api",
    share: 0.999,
    promise: "Of 1,000 requests to the API, 999 are answered without an error of ours.",
    happened: "The API fails so often that the objective will be missed.",
    means: "Of 1,000 requests 999 are to be answered; what may fail in 30 days is gone in days.",
    act: "Search the log of the function api for errors. If they began with a deployment, deploy the version before.",
    actions: [],
    query: "errors",
  },
];

/**
 * Each is an alarm of its own, that wakes when both its windows burn: the long one says that it matters, the short one that
 * it still goes on (Google, The Site Reliability Workbook, chapter 5). The factors are of a budget of 30 days: 2 % of it
 * within an hour, 5 % within six.
 */
export const burnRates = [
  { name: "fast", factor: 14.4, longMinutes: 60, shortMinutes: 5 },
  { name: "slow", factor: 6, longMinutes: 360, shortMinutes: 30 },
] as const;

/** With fewer than this a share says nothing: one failure among three reservations is no trend. */
export const fewestCounted = 10;

export const allAlarms: readonly Alarm[] = [...metricAlarms, ...objectives];

/** The longest description that CloudWatch takes; a link is a fifth of it, and the runbook names all actions. */
const longestDescription = 1024;
const mostLinks = 2;

export function descriptionOf(
  { name, happened, means, act, actions, query }: Alarm,
  linkOf: (of: { readonly action: Action } | { readonly query: SavedQuery }) => string,
): string {
  const lines = [
    `${happened} ${means} ${act}`,
    ...actions.slice(0, mostLinks).map((action) => `[${action}](${linkOf({ action })})`),
    ...(query === null ? [] : [`[log query: ${query}](${linkOf({ query })})`]),
    `docs/runbook.md#${name}`,
  ];
  const text = lines.join("\n");
  if (text.length > longestDescription)
    throw new Error(`alarm ${name}: its description is longer than ${longestDescription} characters`);
  return text;
}
