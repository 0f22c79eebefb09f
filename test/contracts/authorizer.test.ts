/** Who asks, from what API Gateway's authorizers hand on. */
import { expect, test } from "vitest";
import { mayAsk, routes } from "../../lib/contracts/api.ts";
import { callerOf, roleClaims } from "../../lib/contracts/authorizer.ts";

const claims = roleClaims.parse({});
const jwt = (all: Record<string, unknown>) =>
  callerOf({ authorizer: { jwt: { claims: all, scopes: null } } }, claims);
const iam = (userArn: string) => callerOf({ authorizer: { iam: { userArn } } }, claims);

test("every token is a user's; groups make an operator of him", () => {
  expect(jwt({ sub: "ada" })).toEqual({ name: "ada", roles: ["user"], email: null });
  expect(jwt({ sub: "ada", groups: "[operator teachers]" })).toEqual({
    name: "ada",
    roles: ["user", "operator"],
    email: null,
  });
  expect(jwt({ sub: "ada", groups: ["operator"] })?.roles).toContain("operator");
  expect(jwt({ sub: "ada", groups: "teachers, operator" })?.roles).toContain("operator");
  expect(jwt({ sub: "ada", groups: "[no-operator operators]" })?.roles).toEqual(["user"]);
});

test("a lab's machine is no user, whatever else it may be", () => {
  expect(jwt({ sub: "blue-1", groups: "[lab-controller operator]" })?.roles).toEqual(["lab-controller"]);
  expect(iam("arn:aws:sts::1:assumed-role/RackwrightLab/mi-0123456789abcdef0")?.roles).toEqual([
    "lab-controller",
  ]);
});

test("whoever may invoke the API by IAM is an operator, by the name of his session", () => {
  expect(iam("arn:aws:sts::1:assumed-role/Admins/ada")).toEqual({
    name: "ada",
    roles: ["operator"],
    email: null,
  });
});

test("nobody is taken for somebody: without a subject or an authorizer there is no caller", () => {
  for (const nothing of [
    undefined,
    null,
    {},
    { authorizer: {} },
    { authorizer: { lambda: { sub: "ada" } } },
    "x",
  ])
    expect(callerOf(nothing, claims)).toBeNull();
  expect(jwt({})).toBeNull();
  expect(jwt({ sub: "" })).toBeNull();
  expect(jwt({ sub: 7 })).toBeNull();
});

test("other issuers call their groups otherwise", () => {
  const cognito = roleClaims.parse({ claim: "cognito:groups", operator: "lab-admins" });
  const context = { authorizer: { jwt: { claims: { sub: "ada", "cognito:groups": "[lab-admins]" } } } };
  expect(callerOf(context, cognito)?.roles).toContain("operator");
  expect(callerOf(context, claims)?.roles).toEqual(["user"]);
});

test("only the API's own document is for everybody", () => {
  expect(routes.filter((route) => mayAsk[route] === null)).toEqual(["GET /v1/openapi.json"]);
});
