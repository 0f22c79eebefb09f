/** What must hold of what operators meet in the AWS console: alarms, actions, queries. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { operateRequest, operationNames } from "../../lib/contracts/operate.ts";
import type { Graph } from "./graph.ts";
import { alarmsIn, automationsIn, compositesIn } from "./look.ts";

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
  const labs = graph.resources.some(({ name }) => name.startsWith("Lab"));
  const wanted = ["redrive", ...operationNames].filter(
    (action) => labs || !/^(drain|resume|restored)$/.test(action),
  );
  return wanted
    .filter((action) => !there.some((name) => name.endsWith(`-${action}`)))
    .map((action) => `there is no automation ${action}`);
};

export const operatorRules = { alarmsTellWhatToDo, actionsAskWhy, everyActionIsThere } as const;
