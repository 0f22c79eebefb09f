/** docs/runbook.md, from the alarms, the operations, the log queries and the metrics. */
import {
  type Alarm,
  burnRates,
  fewestCounted,
  type MetricAlarm,
  metricAlarms,
  objectives,
} from "../../contracts/alarms.ts";
import { automationDocument } from "../../contracts/automation.ts";
import { costAlarm, dearestCycleDollars } from "../../contracts/costs.ts";
import { logQueries } from "../../contracts/log-queries.ts";
import { metricNames, metrics } from "../../contracts/metrics.ts";
import { operationNames, operations } from "../../contracts/operate.ts";
import { page, table } from "./markdown.ts";

const section = ({ name, happened, means, act, actions, query }: Alarm, when: string): string =>
  [
    `### ${name}`,
    `*${when}*`,
    `**What happened.** ${happened}`,
    `**What it means.** ${means}`,
    `**What to do.** ${act}`,
    ...(actions.length === 0 ? [] : [`Actions: ${actions.map((action) => `\`${action}\``).join(", ")}.`]),
    ...(query === null ? [] : [`Log query: \`${query}\`.`]),
  ].join("\n\n");

const whenOf = ({ watches, statistic, comparison, threshold, minutes }: MetricAlarm): string => {
  const compared = comparison === "LessThanThreshold" ? "below" : "at least";
  return `${watches.metric} (${statistic.toLowerCase()} of a minute) ${compared} ${threshold}, ${minutes === 1 ? "once" : `${minutes} minutes in a row`}.`;
};

const nowhere = { role: "", operateFunction: "", labs: [], queues: [] };
const redrive = automationDocument("redrive", nowhere).description;

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.999 ? 0 : 1)} %`;

export const runbookPage = (): string =>
  page(
    "Runbook",
    "`lib/contracts/alarms.ts` and what stands beside it",
    "Each alarm has a section here under its name; its message ends with it. An alarm says what happened, what it means and what to do, and links to what helps. Most of what can go wrong is put right without anybody: what is left over is here. Before and after everything else: a node that is administratively offline is touched by nothing, and whatever you do asks for a reason, which stands in the timeline with your name.",
    "## Actions",
    "In the AWS console: Systems Manager, Automation, Execute automation, *Owned by me*: `rackwright-STAGE-ACTION`. Labs and queues are picked from a list. An execution asks Systems Manager who started it and hands that on as the actor, so nobody acts in another's name; whoever may run which action is said by `ssm:StartAutomationExecution` on its document; he also needs `iam:PassRole` on the one role that all of them act in (`AutomationRole…`), which only Systems Manager can take. What cannot be done fails with the reason. Running the same execution's request twice changes nothing.",
    table(
      ["action", "on", "what comes of it"],
      [
        ...operationNames.map((name) => {
          const { title, target, effect } = operations[name];
          return [`\`${name}\``, `a ${target}`, `${title}. ${effect}`];
        }),
        ["`redrive`", "a queue", redrive],
      ],
    ),
    "Without the console: `aws ssm start-automation-execution --document-name rackwright-production-offline --parameters Node=node-04,Reason='smoke'`. The flight recorder also by `npx rackwright record node-04 > node-04.json`: the node's state, specification, timeline, jobs, hardware log, calendar, its lab with budget and controllers, and who holds its power domain.",
    "## Alarms",
    ...metricAlarms.map((alarm) => section(alarm, whenOf(alarm))),
    section(costAlarm, `More than $${dearestCycleDollars} a reservation, computed of a day.`),
    "## Objectives",
    `What is promised over 30 days, and how fast what may fail is being used up. An objective wakes somebody only when a long and a short window burn at once: the long one says that it matters, the short one that it still goes on. Fewer than ${fewestCounted} in a window say nothing.`,
    table(
      ["alarm", "burns", "windows"],
      burnRates.map(({ name, factor, longMinutes, shortMinutes }) => [
        `\`…-${name}\``,
        `${factor} times as fast as would just be kept`,
        `${longMinutes} and ${shortMinutes} minutes`,
      ]),
    ),
    ...objectives.map((each) => section(each, `${each.promise} Objective: ${percent(each.share)}.`)),
    "## Log queries",
    "Saved in CloudWatch, Logs Insights, Queries, under `rackwright-STAGE`, for the logs of all functions.",
    table(
      ["query", "what it shows"],
      Object.entries(logQueries).map(([name, { is }]) => [`\`${name}\``, is]),
    ),
    "## Metrics",
    "In the namespace `Rackwright/STAGE`. Each combination of dimensions is paid for, so none has a node or a lab. They are counted from timeline entries as these leave the table's stream, at least once: a batch that failed is counted again. The age of queues and the errors of functions are AWS's own metrics.",
    table(
      ["metric", "by", "what it is"],
      metricNames.map((name) => {
        const { is, by, unit } = metrics[name];
        return [`\`${name}\``, by ?? "nothing", `${is} (${unit.toLowerCase()})`];
      }),
    ),
  );
