/** What is deployed, as the real program makes it: every rule holds, and each is shown to catch a mistake. */
import { beforeAll, describe, expect, test } from "vitest";
import { automationActions } from "../../lib/contracts/automation.ts";
import { queueNames } from "../../lib/contracts/queues.ts";
import { type FunctionName, functionNames } from "../../lib/contracts/topology.ts";
import { type Derived, derive } from "./derive.ts";
import { type Graph, graphOf, platformIsThere, type Resource } from "./graph.ts";
import { type Rule, rules } from "./rules.ts";

const settings = {
  RACKWRIGHT_LABS: "blue, green",
  RACKWRIGHT_JWT_ISSUER: "https://issuer.example.org",
  RACKWRIGHT_JWT_AUDIENCE: "rackwright",
  RACKWRIGHT_ROLE_CLAIMS: '{"claim": "cognito:groups"}',
  RACKWRIGHT_ALARM_EMAIL: "lab@example.org",
  RACKWRIGHT_MAIL_FROM: "rackwright@example.org",
};

/** A resource of the graph, changed as a mistake would. */
interface Mistake {
  readonly what: string;
  readonly rule: Rule;
  readonly type: RegExp;
  readonly name: RegExp;
  /** Null: it is left out. */
  readonly change: ((inputs: Resource["inputs"]) => Record<string, unknown>) | null;
  readonly caught: RegExp;
}

/** Text within the inputs, whatever it is part of. */
const replaced =
  (from: string | RegExp, to: string) =>
  (inputs: Resource["inputs"]): Record<string, unknown> =>
    JSON.parse(JSON.stringify(inputs).replace(from, to));

const withAction = (action: string) => replaced(/\\"Action\\":\[/, `\\"Action\\":[\\"${action}\\",`);

const mistakes: readonly Mistake[] = [
  {
    what: "a queue without dead-letter queue",
    rule: rules.consumedQueuesHaveDeadLetters,
    type: /sqs\/queue:/,
    name: /^JobsQueue$/,
    change: (inputs) => ({ ...inputs, redrivePolicy: undefined }),
    caught: /JobsQueue has no dead-letter queue/,
  },
  {
    what: "dead letters that nobody hears of",
    rule: rules.consumedQueuesHaveDeadLetters,
    type: /metricAlarm/,
    name: /^ReportsDeadLettersAlarm$/,
    change: null,
    caught: /ReportsQueue raise no alarm/,
  },
  {
    what: "dead letters that are gone as soon as messages",
    rule: rules.consumedQueuesHaveDeadLetters,
    type: /sqs\/queue:/,
    name: /^WakesDeadQueue$/,
    change: (inputs) => ({ ...inputs, messageRetentionSeconds: 60 }),
    caught: /WakesQueue are not kept longer/,
  },
  {
    what: "a batch that is taken back whole",
    rule: rules.batchesFailInPart,
    type: /eventSourceMapping/,
    name: /^StepsFromQueue$/,
    change: (inputs) => ({ ...inputs, functionResponseTypes: [] }),
    caught: /StepsFromQueue/,
  },
  {
    what: "a message that comes back while it is worked on",
    rule: rules.timeoutsAgree,
    type: /sqs\/queue:/,
    name: /^WakesQueue$/,
    change: (inputs) => ({ ...inputs, visibilityTimeoutSeconds: 29 }),
    caught: /less than six times/,
  },
  {
    what: "a watchdog that runs into the next",
    rule: rules.timeoutsAgree,
    type: /lambda\/function:/,
    name: /^WatchdogsLabs$/,
    change: (inputs) => ({ ...inputs, timeout: 120 }),
    caught: /watchdogs\/labs may take 120 s/,
  },
  {
    what: "a permission that is missing",
    rule: rules.functionsMayWhatTheyDo,
    type: /iam\/role/,
    name: /^EventsRole$/,
    change: replaced("events:PutEvents", "events:PutRule"),
    caught: /events lacks events:PutEvents bus/,
  },
  {
    what: "a permission that is spare",
    rule: rules.functionsMayWhatTheyDo,
    type: /iam\/role/,
    name: /^WatchdogsStuckNodesRole$/,
    change: withAction("dynamodb:PutItem"),
    caught: /watchdogs\/stuck-nodes may dynamodb:PutItem/,
  },
  {
    what: "an index that a function asks and may not",
    rule: rules.functionsMayWhatTheyDo,
    type: /iam\/role/,
    name: /^WatchdogsStuckNodesRole$/,
    change: replaced("index/due", "index/pool"),
    caught: /stuck-nodes lacks dynamodb:Query index\/due/,
  },
  {
    what: "an action with a wildcard",
    rule: rules.noWildcards,
    type: /iam\/role/,
    name: /^JobsRole$/,
    change: withAction("dynamodb:*"),
    caught: /JobsRole may dynamodb:\*/,
  },
  {
    what: "an action on everything",
    rule: rules.noWildcards,
    type: /iam\/role/,
    name: /^JobsRole$/,
    change: replaced(/\\"Resource\\":\\"arn[^"]*table\/TableTable\\"/, '\\"Resource\\":\\"*\\"'),
    caught: /JobsRole may dynamodb:GetItem on everything/,
  },
  {
    what: "commands to machines of another stage",
    rule: rules.noWildcards,
    type: /iam\/role/,
    name: /^StepsRole$/,
    change: replaced(/,\\"Condition\\":\{.*?\}\}/, ""),
    caught: /StepsRole may command machines of every stage/,
  },
  {
    what: "a managed policy",
    rule: rules.noWildcards,
    type: /iam\/role/,
    name: /^StepsRole$/,
    change: (inputs) => ({ ...inputs, managedPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"] }),
    caught: /PowerUserAccess/,
  },
  {
    what: "a variable that is forgotten",
    rule: rules.functionsAreToldWhatTheyRead,
    type: /lambda\/function:/,
    name: /^Jobs$/,
    change: replaced("DEAD_LETTER_QUEUE_URL", "DEAD_LETTERS"),
    caught: /jobs is not told DEAD_LETTER_QUEUE_URL/,
  },
  {
    what: "a variable that nobody reads",
    rule: rules.functionsAreToldWhatTheyRead,
    type: /lambda\/function:/,
    name: /^Events$/,
    change: replaced('"EVENT_BUS_NAME"', '"SECRET":"x","EVENT_BUS_NAME"'),
    caught: /events is told SECRET/,
  },
  {
    what: "an index whose key is misspelled",
    rule: rules.tableIsAsTheAdaptersUseIt,
    type: /dynamodb\/table/,
    name: /./,
    change: replaced('"hashKey":"duePk"', '"hashKey":"duepk"'),
    caught: /index due/,
  },
  {
    what: "a table without point-in-time recovery",
    rule: rules.tableIsAsTheAdaptersUseIt,
    type: /dynamodb\/table/,
    name: /./,
    change: (inputs) => ({ ...inputs, pointInTimeRecovery: { enabled: false } }),
    caught: /point in time/,
  },
  {
    what: "a route that anybody may call",
    rule: rules.nothingIsPublic,
    type: /route:Route/,
    name: /^ApiByTokenPOSTV1Reservations$/,
    change: (inputs) => ({ ...inputs, authorizationType: "NONE" }),
    caught: /POST \/v1\/reservations asks nobody/,
  },
  {
    what: "a queue that everybody may use",
    rule: rules.nothingIsPublic,
    type: /queuePolicy/,
    name: /^JobsOnlyEncrypted$/,
    change: replaced("Deny", "Allow"),
    caught: /JobsOnlyEncrypted lets everybody in/,
  },
  {
    what: "a function that anybody may invoke",
    rule: rules.nothingIsPublic,
    type: /permission/,
    name: /^ApiByIamMayInvoke$/,
    change: (inputs) => ({ ...inputs, sourceArn: undefined }),
    caught: /lets anybody invoke/,
  },
  {
    what: "a route that is forgotten",
    rule: rules.everyRouteIsThere,
    type: /route:Route/,
    name: /^ApiByIamGETV1Labs$/,
    change: null,
    caught: /ApiByIam has no GET \/v1\/labs/,
  },
  {
    what: "a queue in the clear",
    rule: rules.everythingIsEncrypted,
    type: /sqs\/queue:/,
    name: /^ReportsQueue$/,
    change: (inputs) => ({ ...inputs, sqsManagedSseEnabled: false }),
    caught: /ReportsQueue is not encrypted/,
  },
  {
    what: "a log for ever",
    rule: rules.logsEnd,
    type: /logGroup/,
    name: /^JobsLogs$/,
    change: (inputs) => ({ ...inputs, retentionInDays: undefined }),
    caught: /JobsLogs is kept for ever/,
  },
  {
    what: "a schedule that is off",
    rule: rules.everyFunctionIsTriggered,
    type: /scheduler/,
    name: /PowerDrift/,
    change: (inputs) => ({ ...inputs, state: "DISABLED" }),
    caught: /power-drift is not triggered/,
  },
  {
    what: "widgets that no dashboard shows",
    rule: rules.everyFunctionIsTriggered,
    type: /cloudwatch\/dashboard/,
    name: /./,
    change: null,
    caught: /console\/widgets is not triggered/,
  },
  {
    what: "a button whose presses nobody keeps",
    rule: rules.pressesAreProved,
    type: /cloudtrail/,
    name: /./,
    change: replaced(/-console-act/g, "-console-widgets"),
    caught: /nobody keeps who calls console\/act/,
  },
  {
    what: "a record of presses that can be changed unseen",
    rule: rules.pressesAreProved,
    type: /cloudtrail/,
    name: /./,
    change: (inputs) => ({ ...inputs, enableLogFileValidation: false }),
    caught: /ActsTrail keeps could be changed unseen/,
  },
  {
    what: "a lab that reads another's parameters",
    rule: rules.labsAreApart,
    type: /iam\/role/,
    name: /^LabBlue$/,
    change: replaced("/labs/blue/*", "/labs/*"),
    caught: /LabBlue reads .*labs\/\*/,
  },
  {
    what: "a lab that sends jobs",
    rule: rules.labsAreApart,
    type: /iam\/role/,
    name: /^LabBlue$/,
    change: replaced("queue/ReportsQueue", "queue/JobsQueue"),
    caught: /LabBlue sends to .*JobsQueue/,
  },
  {
    what: "an alarm without a section in the runbook",
    rule: rules.alarmsTellWhatToDo,
    type: /metricAlarm/,
    name: /^LabSilentAlarm$/,
    change: replaced("runbook.md#lab-silent", "runbook.md#lab-quiet"),
    caught: /LabSilentAlarm has no section/,
  },
  {
    what: "an alarm that leads to an action that is not there",
    rule: rules.alarmsTellWhatToDo,
    type: /ssm\/document/,
    name: /^RedriveAutomation$/,
    change: null,
    caught: /JobsDeadLettersAlarm leads to rackwright-production-redrive/,
  },
  {
    what: "an objective that wakes nobody",
    rule: rules.alarmsTellWhatToDo,
    type: /compositeAlarm/,
    name: /^ObjectiveReservationsFastBurning$/,
    change: null,
    caught: /ObjectiveReservationsFast60Burn wakes nobody, and is part of nothing/,
  },
  {
    what: "an action that does not ask why",
    rule: rules.actionsAskWhy,
    type: /ssm\/document/,
    name: /^OfflineAutomation$/,
    change: replaced(/\\"Reason\\":\{/, '\\"Comment\\":{'),
    caught: /OfflineAutomation does not ask why/,
  },
  {
    what: "an action in anybody's name",
    rule: rules.actionsAskWhy,
    type: /ssm\/document/,
    name: /^DrainAutomation$/,
    change: replaced("{{ Who.ExecutedBy }}", "an operator"),
    caught: /DrainAutomation does not say who ran it/,
  },
  {
    what: "an action that takes any text for a node",
    rule: rules.actionsAskWhy,
    type: /ssm\/document/,
    name: /^ReleaseAutomation$/,
    change: replaced(/\\"allowedPattern\\"/, '\\"pattern\\"'),
    caught: /ReleaseAutomation takes anything as Node/,
  },
  {
    what: "an action that is missing",
    rule: rules.everyActionIsThere,
    type: /ssm\/document/,
    name: /^QuarantineAutomation$/,
    change: null,
    caught: /there is no automation quarantine/,
  },
];

const planted = (graph: Graph, { type, name, change }: Mistake): Graph => ({
  ...graph,
  resources: graph.resources.flatMap((each) => {
    if (!type.test(each.type) || !name.test(each.name)) return [each];
    return change === null ? [] : [{ ...each, inputs: change(each.inputs) }];
  }),
});

describe.skipIf(!platformIsThere)("what is deployed (npm run test:infra installs SST's platform)", () => {
  const graphs = new Map<string, Graph>();
  const derived = new Map<FunctionName, Derived>();
  const graphFor = (stage: string): Graph => graphs.get(stage) ?? { resources: [], outputs: {} };

  beforeAll(async () => {
    for (const stage of ["dev", "production"]) graphs.set(stage, await graphOf(stage, settings));
    graphs.set("bare", await graphOf("bare", {}));
    for (const name of functionNames) derived.set(name, await derive(name));
  });

  test.each(["dev", "production"])("in %s, all that the plan names is there", (stage) => {
    const types = graphFor(stage).resources.map(({ type }) => type);
    const count = (wanted: string) => types.filter((type) => type === wanted).length;
    expect(count("aws:lambda/function:Function")).toBe(functionNames.length - 1);
    expect(count("aws:sqs/queue:Queue")).toBe(2 * queueNames.length);
    expect(count("aws:cloudwatch/eventTarget:EventTarget")).toBe(1);
    expect(count("aws:dynamodb/table:Table")).toBe(1);
    expect(count("aws:ssm/document:Document")).toBe(1 + automationActions(["blue"]).length);
    expect(count("aws:cloudwatch/eventBus:EventBus")).toBe(1);
    expect(count("aws:apigatewayv2/api:Api")).toBe(2);
  });

  describe.each(Object.entries(rules))("%s", (_, rule) => {
    test.each(["dev", "production", "bare"])("holds in %s", (stage) => {
      expect(rule(graphFor(stage), derived)).toEqual([]);
    });
  });

  test.each(mistakes)("caught: $what", (mistake) => {
    const before = graphFor("production");
    const after = planted(before, mistake);
    expect(JSON.stringify(after)).not.toBe(JSON.stringify(before));
    expect(mistake.rule(after, derived).join("\n")).toMatch(mistake.caught);
  });

  test("every rule is shown to catch something", () => {
    const shown = new Set(mistakes.map(({ rule }) => rule));
    expect(Object.values(rules).filter((rule) => !shown.has(rule))).toEqual([]);
  });

  test("production cannot be deleted by mistake, and keeps one of each watchdog at a time", () => {
    const told = (stage: string) => JSON.stringify(graphFor(stage).resources);
    expect(told("production")).toContain('"deletionProtectionEnabled":true');
    expect(told("production").match(/"reservedConcurrentExecutions":1/g)).toHaveLength(6);
    expect(told("dev")).toContain('"deletionProtectionEnabled":false');
  });

  test("without an issuer of tokens there is only the API that asks for signatures of IAM", () => {
    const apis = graphFor("bare").resources.filter(({ type }) => type === "aws:apigatewayv2/api:Api");
    expect(apis.map(({ name }) => name)).toEqual(["ApiByIam"]);
  });

  test("each lab is told how its controllers are activated, in its own role", () => {
    expect(graphFor("production").outputs["labs"]).toMatchObject({
      blue: {
        activate: expect.stringContaining("--iam-role rackwright-production-lab-blue"),
        parameters: "/rackwright/production/labs/blue/",
      },
    });
  });
});
