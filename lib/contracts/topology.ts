/**
 * What is deployed, in plain values: every function with what triggers it, what it may use and what it may do. infra/ makes
 * AWS resources of it, lib/local/cloud-main.ts the embedded stack; there is no second list. test/infra compares it with
 * what the code does.
 */
import { type Route, routes } from "./api.ts";
import {
  apiEnvironment,
  consoleEnvironment,
  consumerEnvironment,
  eventsEnvironment,
  functionEnvironment,
  lettersEnvironment,
  widgetsEnvironment,
} from "./environment.ts";
import type { Permission } from "./permissions.ts";
import { consumerTimeoutSeconds, type QueueName } from "./queues.ts";

export type Trigger =
  | {
      readonly kind: "queue";
      readonly queue: QueueName;
      readonly batchSize: number;
      /** So many batches at a time, at most: what SSM and the table take without throttling. */
      readonly maximumConcurrency: number;
    }
  | { readonly kind: "stream"; readonly batchSize: number }
  /** Once a minute. It never runs beside itself. */
  | { readonly kind: "minutely" }
  /** By whoever may invoke it, and answers him. */
  | { readonly kind: "invoked" }
  | { readonly kind: "routes"; readonly routes: readonly Route[] }
  /** Called by a CloudWatch dashboard in the name of whoever looks at it (lib/contracts/dashboard.ts). */
  | { readonly kind: "widget" }
  /** A page for a person at the machine itself: it asks nobody who he is, so it is not deployed. */
  | { readonly kind: "local-page"; readonly routeKey: string };

/** The name of a variable that some function reads. */
export type Variable =
  | keyof typeof apiEnvironment.shape
  | keyof typeof consoleEnvironment.shape
  | keyof typeof consumerEnvironment.shape
  | keyof typeof eventsEnvironment.shape
  | keyof typeof lettersEnvironment.shape
  | keyof typeof widgetsEnvironment.shape;

/** By the shape that a function reads its environment with (lib/contracts/environment.ts). */
export const environments = {
  functionEnvironment,
  apiEnvironment,
  consoleEnvironment,
  consumerEnvironment,
  eventsEnvironment,
  lettersEnvironment,
  widgetsEnvironment,
} as const;

export interface FunctionPlan {
  /** Deployed only where this was said (lib/contracts/deployment.ts). */
  readonly onlyWith?: "mailFrom";
  readonly trigger: Trigger;
  readonly timeoutSeconds: number;
  /** Measured: `npm run infra:report` says what each takes when it is loaded, docs/performance.md what under load. */
  readonly memoryMb: number;
  readonly environment: keyof typeof environments;
  readonly may: readonly Permission[];
}

/** What is wanted at the same moment is one call. */
const reading = [
  "dynamodb:GetItem table",
  "dynamodb:BatchGetItem table",
] as const satisfies readonly Permission[];

/** Looks at a node or a reservation and acts on what was decided (lib/app/advance-node.ts, advance-reservation.ts). */
const advancing = [
  ...reading,
  "dynamodb:PutItem table",
  // What was done to a node before it is written in its hardware log.
  "dynamodb:Query table",
  "dynamodb:Query index/pool",
  "sqs:SendMessage wakes",
  "ssm:SendCommand document",
  "ssm:SendCommand controllers",
] as const satisfies readonly Permission[];

/** Finds what is overdue in one scope and wakes it. */
const sweeping = [
  "dynamodb:Query index/due",
  "sqs:SendMessage wakes",
] as const satisfies readonly Permission[];

const listing = "dynamodb:Query index/list" satisfies Permission;

const consumer = (
  queue: QueueName,
  maximumConcurrency: number,
  more: readonly Permission[] = [],
): FunctionPlan => ({
  trigger: { kind: "queue", queue, batchSize: 10, maximumConcurrency },
  timeoutSeconds: consumerTimeoutSeconds,
  memoryMb: 512,
  environment: "consumerEnvironment",
  may: [...advancing, ...more, "sqs:SendMessage dead-letters"],
});

const watchdog = (may: readonly Permission[]): FunctionPlan => ({
  trigger: { kind: "minutely" },
  // It is over before the next one begins.
  timeoutSeconds: 55,
  memoryMb: 256,
  environment: "functionEnvironment",
  may,
});

export const functionNames = [
  "jobs",
  "steps",
  "reports",
  "events",
  "letters",
  "api",
  "console/act",
  "operate",
  "console/status",
  "console/widgets",
  "watchdogs/stuck-nodes",
  "watchdogs/reservations",
  "watchdogs/labs",
  "watchdogs/commands",
  "watchdogs/power-drift",
  "watchdogs/preload",
] as const;
export type FunctionName = (typeof functionNames)[number];

/** By the file in functions/ that each is. */
export const functions: Readonly<Record<FunctionName, FunctionPlan>> = {
  jobs: consumer("jobs", 5),
  steps: consumer("wakes", 20),
  reports: consumer("reports", 10, [listing, "dynamodb:Query table"]),
  events: {
    trigger: { kind: "stream", batchSize: 100 },
    timeoutSeconds: 30,
    memoryMb: 256,
    environment: "eventsEnvironment",
    may: [...reading, "events:PutEvents bus"],
  },
  letters: {
    onlyWith: "mailFrom",
    trigger: { kind: "queue", queue: "letters", batchSize: 10, maximumConcurrency: 2 },
    timeoutSeconds: consumerTimeoutSeconds,
    memoryMb: 256,
    environment: "lettersEnvironment",
    may: [...reading, "ses:SendEmail senders", "sqs:SendMessage dead-letters"],
  },
  api: {
    trigger: { kind: "routes", routes },
    // API Gateway ends an integration after 30 s.
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: "apiEnvironment",
    may: [...advancing, "dynamodb:Query table", listing, "dynamodb:Query index/owner"],
  },
  operate: {
    trigger: { kind: "invoked" },
    // An Automation waits for five minutes.
    timeoutSeconds: 270,
    memoryMb: 512,
    environment: "functionEnvironment",
    may: [...advancing, "dynamodb:Query table", listing],
  },
  "console/act": {
    trigger: { kind: "widget" },
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: "functionEnvironment",
    may: [...advancing, "dynamodb:Query table", listing],
  },
  "console/status": {
    trigger: { kind: "local-page", routeKey: "GET /" },
    timeoutSeconds: 10,
    memoryMb: 256,
    environment: "consoleEnvironment",
    may: ["dynamodb:BatchGetItem table", "dynamodb:Query index/pool", listing],
  },
  "console/widgets": {
    trigger: { kind: "widget" },
    timeoutSeconds: 29,
    // A whole vCPU: thousands of nodes are read and drawn while somebody waits (`npm run bench -- console`).
    memoryMb: 1769,
    environment: "widgetsEnvironment",
    may: [
      "dynamodb:GetItem table",
      "dynamodb:BatchGetItem table",
      "dynamodb:Query table",
      listing,
      "dynamodb:Query index/due",
      "dynamodb:Query index/pool",
    ],
  },
  "watchdogs/stuck-nodes": watchdog([...reading, "dynamodb:PutItem table", listing, ...sweeping]),
  "watchdogs/reservations": watchdog([...advancing, listing, "dynamodb:Query index/due"]),
  "watchdogs/labs": watchdog([
    ...reading,
    "dynamodb:PutItem table",
    listing,
    ...sweeping,
    "ssm:DescribeInstanceInformation *",
  ]),
  "watchdogs/commands": watchdog([
    ...advancing,

    listing,
    "dynamodb:Query index/due",
    "ssm:ListCommandInvocations *",
    "ssm:GetCommandInvocation *",
  ]),
  "watchdogs/power-drift": watchdog([
    ...advancing,
    listing,
    "dynamodb:Query table",
    "dynamodb:Query index/due",
  ]),
  "watchdogs/preload": watchdog([...advancing, listing]),
};

/** Of all that could be said, what one function is told: the variables that it reads. */
export const environmentFor = <T>(
  name: FunctionName,
  values: Readonly<Record<Variable, T | undefined>>,
): Readonly<Record<string, T>> =>
  Object.fromEntries(
    variablesOf(name).flatMap((variable) => {
      const value = values[variable];
      return value === undefined ? [] : [[variable, value] as const];
    }),
  );

export const variablesOf = (name: FunctionName): readonly Variable[] =>
  environments[functions[name].environment].keyof().options;
