/** All that is deployed, in the order in which one thing needs another. */
import { deploymentEnvironment } from "../lib/contracts/deployment.ts";
import { readEnvironment } from "../lib/contracts/environment.ts";
import { makeAlarms } from "./alarms.ts";
import { makeApis } from "./api.ts";
import { makeAudit } from "./audit.ts";
import { makeDashboard } from "./dashboard.ts";
import { makeFunctions } from "./functions.ts";
import { activationCommand, makeDocument, makeLabRole, parameterPrefix } from "./hands.ts";
import { connectLetters, makeLetterRule } from "./letters.ts";
import { makeOperations } from "./operations.ts";
import { makeQueues } from "./queues.ts";
import { stageOf } from "./stages.ts";
import { makeTable } from "./table.ts";

/** What is returned is what whoever deployed goes on with (docs/deploy.md). */
export function deploy() {
  const deployment = readEnvironment(deploymentEnvironment, process.env);
  const stage = stageOf($app.stage);
  const place = {
    account: aws.getCallerIdentityOutput().accountId,
    region: aws.getRegionOutput().region,
  };
  const bus = new sst.aws.Bus("Events");
  const letterRule = deployment.mailFrom === undefined ? undefined : makeLetterRule(bus);
  const queues = makeQueues(letterRule);
  if (letterRule !== undefined) connectLetters(letterRule, bus, queues.letters.queue);
  const resources = {
    ...place,
    queues,
    table: makeTable(stage),
    bus,
    document: makeDocument(),
  };
  const functions = makeFunctions(stage, resources, deployment);
  const api = functions.find(({ name }) => name === "api");
  if (api === undefined) throw new Error("lib/contracts/topology.ts has no function api");
  const apis = makeApis(api.made, deployment, stage);
  makeOperations(deployment.labs, functions, queues, place);
  makeAlarms({ ...place, queues, functions, apis, labs: deployment.labs, email: deployment.alarmEmail });
  const dashboard = makeDashboard({ ...resources, functions, apis });
  makeAudit(place);
  const labs = deployment.labs.map((lab) => {
    const role = makeLabRole(lab, queues.reports, place);
    return [lab, { activate: activationCommand(lab, role, place.region), parameters: parameterPrefix(lab) }];
  });
  return {
    ...Object.fromEntries(apis.map((each) => [each.name, each.api.apiEndpoint])),
    console: dashboard.dashboardName,
    events: resources.bus.name,
    jobs: queues.jobs.queue.url,
    reports: queues.reports.queue.url,
    labs: Object.fromEntries(labs),
  };
}
