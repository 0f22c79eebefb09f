/** Who may do what with what is deployed, and who may read it. */
import { mayAsk, routes } from "../../lib/contracts/api.ts";
import type { Graph } from "./graph.ts";
import {
  bucketPoliciesIn,
  bucketsIn,
  invokePermissionsIn,
  keysIn,
  queuePoliciesIn,
  queuesIn,
  rolesIn,
  routesIn,
  type Statement,
  tablesIn,
  topicsIn,
} from "./look.ts";
import { type Wildcard, wildcards } from "./wildcards.ts";

type Rule = (graph: Graph) => readonly string[];

const unless = (holds: boolean, complaint: string): readonly string[] => (holds ? [] : [complaint]);

/** Whatever allows something, by the name of what it stands in. */
const allowing = (graph: Graph): readonly { readonly name: string; readonly statement: Statement }[] =>
  [
    ...rolesIn(graph).flatMap(({ name, inputs }) =>
      inputs.inlinePolicies.map(({ policy }) => ({ name: `role ${name}`, policy })),
    ),
    ...queuePoliciesIn(graph).map(({ name, inputs }) => ({ name: `policy ${name}`, policy: inputs.policy })),
    ...bucketPoliciesIn(graph).map(({ name, inputs }) => ({ name: `policy ${name}`, policy: inputs.policy })),
    ...keysIn(graph).map(({ name, inputs }) => ({ name: `key ${name}`, policy: inputs.policy })),
  ].flatMap(({ name, policy }) =>
    policy.filter(({ Effect: effect }) => effect === "Allow").map((statement) => ({ name, statement })),
  );

const explains = (action: string, resource: string) => (each: Wildcard) =>
  each.actions.test(action) && each.resource.test(resource);

const pairsOf = ({ Action: actions, Resource: resources }: Statement) =>
  actions.flatMap((action) => resources.map((resource) => ({ action, resource })));

/** The reasons of test/infra/wildcards.ts that something in the graph has. */
export const explainedIn = (graph: Graph): readonly Wildcard[] =>
  wildcards.filter((each) =>
    allowing(graph).some(({ statement }) =>
      pairsOf(statement).some(({ action, resource }) => explains(action, resource)(each)),
    ),
  );

const everyWildcardIsExplained: Rule = (graph) => [
  ...rolesIn(graph).flatMap(({ name, inputs }) =>
    inputs.managedPolicyArns.map((arn) => `role ${name} has ${arn}, which allows more than it needs`),
  ),
  ...allowing(graph).flatMap(({ name, statement }) => [
    ...pairsOf(statement)
      .filter(({ action, resource }) => action.includes("*") || resource.includes("*"))
      .filter(({ action, resource }) => !wildcards.some(explains(action, resource)))
      .map(({ action, resource }) => `${name} may ${action} on ${resource}, and nobody says why`),
    ...unless(
      !statement.Resource.some((each) => each.endsWith("managed-instance/*")) ||
        statement.Condition !== undefined,
      `${name} may command machines of every stage`,
    ),
  ]),
];

const isEverybody = (principal: unknown): boolean =>
  principal === "*" ||
  (typeof principal === "object" && principal !== null && Object.values(principal).flat().includes("*"));

const nothingIsPublic: Rule = (graph) => [
  ...routesIn(graph).flatMap(({ inputs: { routeKey, authorizationType } }) => {
    const open = routes.some((route) => route === routeKey && mayAsk[route] === null);
    return unless(open || authorizationType !== "NONE", `${routeKey} asks nobody who he is`);
  }),
  ...invokePermissionsIn(graph).flatMap(({ name, inputs }) =>
    unless(
      inputs.sourceArn !== undefined && inputs.principal !== "*",
      `permission ${name} lets anybody invoke`,
    ),
  ),
  ...allowing(graph).flatMap(({ name, statement }) =>
    unless(!isEverybody(statement.Principal), `${name} lets everybody in`),
  ),
  ...rolesIn(graph).flatMap(({ name, inputs }) =>
    inputs.assumeRolePolicy.flatMap(({ Principal: principal, Condition }) => [
      ...unless(!isEverybody(principal), `role ${name} is anybody's`),
      // Systems Manager works for every account, and must not be talked into working for another's.
      ...unless(
        !JSON.stringify(principal).includes("ssm.amazonaws.com") ||
          JSON.stringify(Condition ?? {}).includes("aws:SourceAccount"),
        `role ${name} is taken by Systems Manager for other accounts`,
      ),
    ]),
  ),
  ...graph.resources
    .filter(({ type }) => /functionUrl|bucketPublicAccess|bucketAclV2|layerVersionPermission/i.test(type))
    .map(({ type, name }) => `${name} is a ${type}, which is reached from outside`),
];

const refusesInTheClear = (policy: readonly Statement[]): boolean =>
  policy.some(
    ({ Effect: effect, Condition }) =>
      effect === "Deny" && JSON.stringify(Condition).includes('"aws:SecureTransport":"false"'),
  );

const everythingIsEncrypted: Rule = (graph) => [
  ...queuesIn(graph).flatMap(({ name, url, inputs }) => [
    ...unless(inputs.sqsManagedSseEnabled, `queue ${name} is not encrypted`),
    ...unless(
      queuePoliciesIn(graph).some(
        (each) => each.inputs.queueUrl === url && refusesInTheClear(each.inputs.policy),
      ),
      `queue ${name} is used in the clear`,
    ),
  ]),
  ...bucketsIn(graph).flatMap(({ name }) =>
    unless(
      bucketPoliciesIn(graph).some(
        (each) => each.inputs.bucket === `${name}-id` && refusesInTheClear(each.inputs.policy),
      ),
      `bucket ${name} is read in the clear`,
    ),
  ),
  ...tablesIn(graph).flatMap(({ name, inputs }) =>
    unless(
      inputs.serverSideEncryption?.enabled === true,
      `table ${name} is not encrypted by a key of the account`,
    ),
  ),
  ...topicsIn(graph).flatMap(({ name, inputs }) =>
    unless(inputs.kmsMasterKeyId !== undefined, `topic ${name} is not encrypted`),
  ),
  ...keysIn(graph).flatMap(({ name, inputs }) =>
    unless(inputs.enableKeyRotation, `key ${name} is the same for ever`),
  ),
];

export const accessRules = { everyWildcardIsExplained, nothingIsPublic, everythingIsEncrypted } as const;
