/**
 * The HTTP API, by which callers prove who they are: one with tokens of an OpenID Connect issuer, one with signatures of
 * IAM. A route of API Gateway takes one of the two, so they are two APIs in front of one function.
 */
import { mayAsk, routes } from "../lib/contracts/api.ts";
import type { Deployment } from "../lib/contracts/deployment.ts";
import { componentName, visibleName } from "./names.ts";
import type { Stage } from "./stages.ts";

type Route = (typeof routes)[number];

export interface Api {
  readonly name: "ApiByToken" | "ApiByIam";
  readonly api: aws.apigatewayv2.Api;
}

export function makeApis(made: aws.lambda.Function, { jwt }: Deployment, stage: Stage): readonly Api[] {
  const byIam = makeApi("ApiByIam", made, stage, () => ({ authorizationType: "AWS_IAM" }));
  if (jwt === null) return [byIam];
  const byToken = makeApi("ApiByToken", made, stage, (api) => {
    const authorizer = new aws.apigatewayv2.Authorizer("ApiByTokenIssuer", {
      apiId: api.id,
      authorizerType: "JWT",
      identitySources: ["$request.header.Authorization"],
      jwtConfiguration: { issuer: jwt.issuer, audiences: [jwt.audience] },
    });
    return { authorizationType: "JWT", authorizerId: authorizer.id };
  });
  return [byToken, byIam];
}

type Protection = Pick<aws.apigatewayv2.RouteArgs, "authorizationType" | "authorizerId">;

function makeApi(
  name: Api["name"],
  made: aws.lambda.Function,
  { logDays, requestsPerSecond, requestsAtOnce }: Stage,
  protect: (api: aws.apigatewayv2.Api) => Protection,
): Api {
  const api = new aws.apigatewayv2.Api(name, { name: visibleName(name), protocolType: "HTTP" });
  const protection = protect(api);
  const integration = new aws.apigatewayv2.Integration(`${name}Function`, {
    apiId: api.id,
    integrationType: "AWS_PROXY",
    integrationUri: made.arn,
    payloadFormatVersion: "2.0",
    timeoutMilliseconds: 30_000,
  });
  for (const routeKey of routes)
    new aws.apigatewayv2.Route(componentName(`${name} ${routeKey}`), {
      apiId: api.id,
      routeKey,
      target: $interpolate`integrations/${integration.id}`,
      ...(isOpen(routeKey) ? { authorizationType: "NONE" } : protection),
    });
  const logs = new aws.cloudwatch.LogGroup(`${name}Logs`, {
    name: `/aws/apigateway/${visibleName(name)}`,
    retentionInDays: logDays,
  });
  new aws.apigatewayv2.Stage(`${name}Stage`, {
    apiId: api.id,
    name: "$default",
    autoDeploy: true,
    defaultRouteSettings: {
      throttlingRateLimit: requestsPerSecond,
      throttlingBurstLimit: requestsAtOnce,
    },
    accessLogSettings: { destinationArn: logs.arn, format: JSON.stringify(accessLog) },
  });
  new aws.lambda.Permission(`${name}MayInvoke`, {
    action: "lambda:InvokeFunction",
    function: made.name,
    principal: "apigateway.amazonaws.com",
    sourceArn: $interpolate`${api.executionArn}/*`,
  });
  return { name, api };
}

/** The API's own description, which says nothing of what is deployed. */
const isOpen = (route: Route): boolean => mayAsk[route] === null;

const accessLog = {
  requestId: "$context.requestId",
  route: "$context.routeKey",
  status: "$context.status",
  durationMs: "$context.responseLatency",
  sourceIp: "$context.identity.sourceIp",
  subject: "$context.authorizer.claims.sub",
  iam: "$context.identity.userArn",
  error: "$context.error.message",
};
