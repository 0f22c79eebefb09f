/**
 * What an authorizer of API Gateway tells of a caller (API Gateway Developer Guide, “Control access to HTTP APIs with JWT
 * authorizers” and “with IAM authorization”). It has checked the token or the signature; here is only read who it is.
 */
import * as z from "zod";
import type { Caller, Role } from "../core/caller.ts";

const claim = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

const context = z.looseObject({
  authorizer: z
    .looseObject({
      jwt: z.looseObject({ claims: z.record(z.string(), claim) }).optional(),
      iam: z.looseObject({ userArn: z.string() }).optional(),
    })
    .optional(),
});

/** Which of the issuer's groups hold which role. Every token that the authorizer lets through is a user's. */
export interface RoleClaims {
  /** The claim that lists groups, for instance `groups` or `cognito:groups`. */
  readonly claim: string;
  readonly operator: string;
  readonly labController: string;
}

export const roleClaims = z.strictObject({
  claim: z.string().min(1).default("groups"),
  operator: z.string().min(1).default("operator"),
  labController: z.string().min(1).default("lab-controller"),
});

/** Null: nobody has said who asks. */
export function callerOf(requestContext: unknown, claims: RoleClaims): Caller | null {
  const parsed = context.safeParse(requestContext);
  if (!parsed.success) return null;
  const { jwt, iam } = parsed.data.authorizer ?? {};
  if (jwt !== undefined) {
    const subject = jwt.claims["sub"];
    if (typeof subject !== "string" || subject === "") return null;
    const groups = listed(jwt.claims[claims.claim]);
    const email = z.email().safeParse(jwt.claims["email"]);
    return {
      name: subject.slice(0, longestName),
      roles: rolesOf(groups, claims),
      email: email.success ? email.data : null,
    };
  }
  if (iam === undefined) return null;
  // Whoever may invoke the API by IAM was given that by the account's administrator.
  const name = iam.userArn.split("/").at(-1) ?? iam.userArn;
  return {
    name: name.slice(0, longestName),
    roles: [name.startsWith("mi-") ? "lab-controller" : "operator"],
    email: null,
  };
}

const longestName = 200;

function rolesOf(groups: readonly string[], { operator, labController }: RoleClaims): readonly Role[] {
  // A lab's machine is nobody who reserves.
  if (groups.includes(labController)) return ["lab-controller"];
  return groups.includes(operator) ? ["user", "operator"] : ["user"];
}

/** API Gateway hands a list on as one text: `[a b]`. */
function listed(value: z.infer<typeof claim> | undefined): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  return String(value)
    .replace(/^\[|\]$/g, "")
    .split(/[\s,]+/)
    .filter((each) => each !== "");
}
