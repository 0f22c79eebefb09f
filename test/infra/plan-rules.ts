/** That what is deployed is as it was planned and measured, and that stages differ as infra/stages.ts says. */
import { stageOf } from "../../infra/stages.ts";
import { functionNames, functions } from "../../lib/contracts/topology.ts";
import type { Graph } from "./graph.ts";
import { apiStagesIn, functionOf, mappingsIn, tablesIn } from "./look.ts";

type Rule = (graph: Graph) => readonly string[];

const unless = (holds: boolean, complaint: string): readonly string[] => (holds ? [] : [complaint]);

const stageIn = ({ app }: Graph): string => app.providers.aws.defaultTags.tags["rackwright:stage"] ?? "";

const functionsAreAsPlanned: Rule = (graph) =>
  functionNames.flatMap((name) => {
    const inputs = functionOf(graph, name)?.inputs;
    if (inputs === undefined) return [];
    const { memoryMb, timeoutSeconds } = functions[name];
    return [
      ...unless(inputs.memorySize === memoryMb, `${name} has ${inputs.memorySize} MB and not ${memoryMb}`),
      ...unless(inputs.timeout === timeoutSeconds, `${name} may take ${inputs.timeout} s`),
      ...unless(
        inputs.runtime === "nodejs24.x" && inputs.architectures.join() === "arm64",
        `${name} runs on ${inputs.runtime}, ${inputs.architectures.join()}`,
      ),
    ];
  });

/** What SSM and the table take without throttling: so many requests and batches at a time, and one of each watchdog. */
const nothingIsFlooded: Rule = (graph) => [
  ...apiStagesIn(graph).flatMap(({ name, inputs: { defaultRouteSettings } }) => {
    const { requestsPerSecond, requestsAtOnce } = stageOf(stageIn(graph));
    return unless(
      defaultRouteSettings?.throttlingRateLimit === requestsPerSecond &&
        defaultRouteSettings.throttlingBurstLimit === requestsAtOnce,
      `${name} takes any number of requests`,
    );
  }),
  ...functionNames.flatMap((name) => {
    const made = functionOf(graph, name);
    if (made === undefined) return [];
    const { trigger } = functions[name];
    if (trigger.kind === "queue") {
      const mapping = mappingsIn(graph).find(({ inputs }) => inputs.functionName === made.arn);
      const most = mapping?.inputs.scalingConfig?.maximumConcurrency;
      return unless(most === trigger.maximumConcurrency, `${name} takes any number of batches at once`);
    }
    if (trigger.kind === "minutely" && stageOf(stageIn(graph)).reserveConcurrency)
      return unless(made.inputs.reservedConcurrentExecutions === 1, `${name} may run beside itself`);
    return [];
  }),
];

const whatIsStoredIsKept: Rule = (graph) => {
  const { outlives, deletionProtection } = stageOf(stageIn(graph));
  return [
    ...unless(
      graph.app.protect === outlives && graph.app.removal === (outlives ? "retain" : "remove"),
      "the stage is removed otherwise than infra/stages.ts says",
    ),
    ...tablesIn(graph).flatMap(({ inputs }) =>
      unless(
        inputs.deletionProtectionEnabled === deletionProtection,
        "the table is deleted otherwise than infra/stages.ts says",
      ),
    ),
  ];
};

/** By which whoever pays tells one stage from another. */
const everythingIsTagged: Rule = (graph) =>
  unless(stageIn(graph) !== "", "nothing says of which stage it is");

export const planRules = {
  functionsAreAsPlanned,
  nothingIsFlooded,
  whatIsStoredIsKept,
  everythingIsTagged,
} as const;
