/** What must hold of what operators meet in the AWS console: alarms, actions, queries. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { operateRequest, operationNames } from "../../lib/contracts/operate.ts";
import type { Graph } from "./graph.ts";
import { alarmsIn, automationsIn, compositesIn, dashboardsIn, functionsIn, rolesIn } from "./look.ts";

type Rule = (graph: Graph) => readonly string[];

const runbook = readFileSync("docs/runbook.md", "utf8");
const sections = new Set([...runbook.matchAll(/^### (\S+)$/gm)].map(([, name]) => name));

/** Whoever is woken is told what to do, and where to read on; what wakes nobody is part of something that does. */
const alarmsTellWhatToDo: Rule = (graph) => {
  const composites = compositesIn(graph).map(({ name, inputs }) => ({ ...inputs, name }));
  const wakes = [
    ...composites,
    ...alarmsIn(graph).flatMap(({ name, inputs }) =>
      inputs.alarmActions.length === 0 ? [] : [{ ...inputs, name }],
    ),
  ];
  const documents = new Set(automationsIn(graph).map(({ inputs }) => inputs.name));
  return [
    ...wakes.flatMap(({ name, alarmDescription, alarmActions }) => {
      const [, section] = /docs\/runbook\.md#(\S+)$/.exec(alarmDescription) ?? [];
      const linked = [...alarmDescription.matchAll(/automation\/execute\/([\w-]+)\?/g)].map(
        ([, to]) => to ?? "",
      );
      return [
        ...(section === undefined || !sections.has(section)
          ? [`alarm ${name} has no section in docs/runbook.md`]
          : []),
        ...(alarmActions.length === 0 ? [`alarm ${name} wakes nobody`] : []),
        ...linked
          .filter((to) => !documents.has(to))
          .map((to) => `alarm ${name} leads to ${to}, which is not there`),
      ];
    }),
    ...alarmsIn(graph).flatMap(({ name, inputs }) => {
      const part = composites.some(({ alarmRule }) => alarmRule.includes(`"${inputs.name}"`));
      return inputs.alarmActions.length > 0 || part
        ? []
        : [`alarm ${name} wakes nobody, and is part of nothing`];
    }),
  ];
};

const document = z.looseObject({
  schemaVersion: z.literal("0.3"),
  description: z.string().min(20),
  assumeRole: z.string().regex(/^arn:aws:iam:.*AutomationRole$/),
  parameters: z.record(
    z.string(),
    z.looseObject({
      description: z.string().min(5),
      allowedPattern: z.string().optional(),
      allowedValues: z.array(z.string()).optional(),
      default: z.string().optional(),
    }),
  ),
  mainSteps: z.array(z.looseObject({ name: z.string(), action: z.string(), inputs: z.looseObject({}) })),
});

const samples: Readonly<Record<string, string>> = {
  "{{ Node }}": "node-01",
  "{{ Lab }}": "blue",
  "{{ Image }}": "",
  "{{ Reason }}": "smoke",
  "{{ Who.ExecutedBy }}": "arn:aws:sts::123456789012:assumed-role/Operators/ada",
  "{{ automation:EXECUTION_ID }}": "7b5f6a1e-0000-4000-8000-000000000001",
};

/** An action asks why, takes nothing that is not on a list or of a pattern, and is the one that its function knows. */
const actionsAskWhy: Rule = (graph) =>
  automationsIn(graph).flatMap(({ name, inputs }) => {
    const parsed = document.safeParse(JSON.parse(inputs.content));
    if (!parsed.success) return [`automation ${name} is not one: ${parsed.error.message}`];
    const { parameters, mainSteps } = parsed.data;
    const reason = parameters["Reason"];
    const payloads = mainSteps.flatMap((step) =>
      step.action === "aws:invokeLambdaFunction" ? [step.inputs["InputPayload"]] : [],
    );
    return [
      ...(reason === undefined || reason.default !== undefined
        ? [`automation ${name} does not ask why`]
        : []),
      ...Object.entries(parameters).flatMap(([parameter, { allowedPattern, allowedValues = [] }]) =>
        allowedPattern === undefined && allowedValues.length === 0
          ? [`automation ${name} takes anything as ${parameter}`]
          : [],
      ),
      ...payloads.flatMap((payload) => {
        const filled: unknown = JSON.parse(
          JSON.stringify(payload).replace(
            /\{\{ [^}]+ \}\}/g,
            (placeholder) => samples[placeholder] ?? placeholder,
          ),
        );
        const request = operateRequest.safeParse(filled);
        if (!request.success) return [`automation ${name} asks for what functions/operate.ts does not know`];
        return request.data.actor === samples["{{ Who.ExecutedBy }}"]
          ? []
          : [`automation ${name} does not say who ran it`];
      }),
    ];
  });

/** Whatever an operator may want done there is a document for, as far as there are labs. */
const everyActionIsThere: Rule = (graph) => {
  const there = automationsIn(graph).map(({ inputs }) => inputs.name);
  const labs = rolesIn(graph).some(({ name }) => name.startsWith("Lab"));
  const wanted = ["redrive", ...operationNames].filter(
    (action) => labs || !/^(drain|resume|restored)$/.test(action),
  );
  return wanted
    .filter((action) => !there.some((name) => name.endsWith(`-${action}`)))
    .map((action) => `there is no automation ${action}`);
};

/** CloudWatch computes an alarm from ten metrics at most, each by an id that its expression names. */
const alarmsCanBeComputed: Rule = (graph) =>
  alarmsIn(graph).flatMap(({ name, inputs: { metricQueries } }) => {
    const expressions = metricQueries.flatMap(({ expression }) =>
      expression === undefined ? [] : [expression],
    );
    const counted = metricQueries.filter(({ metric }) => metric !== undefined).map(({ id }) => id);
    const named = expressions.flatMap((text) => [...text.matchAll(/\b[a-z]\w*\b/g)].map(([id]) => id));
    return [
      ...(counted.length > 10 ? [`alarm ${name} is computed from ${counted.length} metrics`] : []),
      ...named
        .filter((id) => !counted.includes(id))
        .map((id) => `alarm ${name} computes with ${id}, which is not counted`),
      ...counted
        .filter((id) => !named.includes(id))
        .map((id) => `alarm ${name} counts ${id} and does not use it`),
    ];
  });

/** Of everything that AWS charges for by the piece, what it has counted in a day, each with its price. */
const costIsThatOfADay: Rule = (graph) =>
  dashboardsIn(graph).flatMap(({ name, inputs }) => {
    const costs = inputs.dashboardBody.widgets.filter(({ properties }) => properties.metrics.length > 0);
    const options = costs
      .flatMap(({ properties }) => properties.metrics)
      .flatMap((metric) => metric.flatMap((each) => (typeof each === "string" ? [] : [each])));
    const computed = options.map(({ expression = "" }) => expression).join(" ");
    const counted = JSON.stringify(costs);
    return [
      ...(costs.length === 1 && costs[0]?.properties.start === "-PT24H"
        ? []
        : [`dashboard ${name} does not say what a day has cost`]),
      ...options
        .filter(({ id }) => id !== "cost" && !new RegExp(`\\b${id}\\b`).test(computed))
        .map(({ id }) => `dashboard ${name} counts ${id} and does not use it`),
      ...functionsIn(graph)
        .filter((made) => !counted.includes(`"${made.inputs.name}"`))
        .map((made) => `dashboard ${name} does not count what ${made.inputs.name} costs`),
    ];
  });

export const operatorRules = {
  costIsThatOfADay,
  alarmsCanBeComputed,
  alarmsTellWhatToDo,
  actionsAskWhy,
  everyActionIsThere,
} as const;
