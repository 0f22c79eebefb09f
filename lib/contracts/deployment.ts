/** What whoever deploys says of his account: variables of the shell, or of a file `.env` beside sst.config.ts. */
import * as z from "zod";
import { roleClaims } from "./authorizer.ts";
import { policy } from "./policy.ts";
import { labId } from "./scalars.ts";

const inJson = <T extends z.ZodType>(shape: T) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" });
        return z.NEVER;
      }
    })
    .pipe(shape)
    .optional();

export const deploymentEnvironment = z
  .object({
    RACKWRIGHT_LABS: z
      .string()
      .default("")
      .transform((text) => text.split(/[\s,]+/).filter((each) => each !== ""))
      .pipe(z.array(labId)),
    RACKWRIGHT_JWT_ISSUER: z.url({ protocol: /^https$/ }).optional(),
    RACKWRIGHT_JWT_AUDIENCE: z.string().min(1).optional(),
    RACKWRIGHT_ROLE_CLAIMS: inJson(roleClaims),
    RACKWRIGHT_POLICY: inJson(policy),
    RACKWRIGHT_ALARM_EMAIL: z.email().optional(),
    RACKWRIGHT_MAIL_FROM: z.email().optional(),
  })
  .refine(
    (each) => (each.RACKWRIGHT_JWT_ISSUER === undefined) === (each.RACKWRIGHT_JWT_AUDIENCE === undefined),
    "RACKWRIGHT_JWT_ISSUER and RACKWRIGHT_JWT_AUDIENCE are given together, or neither is",
  )
  .transform((each) => ({
    /** Each gets a role and parameters of its own. */
    labs: each.RACKWRIGHT_LABS,
    /** Null: the API is called with signatures of IAM alone. */
    jwt:
      each.RACKWRIGHT_JWT_ISSUER === undefined || each.RACKWRIGHT_JWT_AUDIENCE === undefined
        ? null
        : { issuer: each.RACKWRIGHT_JWT_ISSUER, audience: each.RACKWRIGHT_JWT_AUDIENCE },
    roleClaims: each.RACKWRIGHT_ROLE_CLAIMS,
    policy: each.RACKWRIGHT_POLICY,
    alarmEmail: each.RACKWRIGHT_ALARM_EMAIL,
    /** Users are written to in its name; undefined: nobody is written to. */
    mailFrom: each.RACKWRIGHT_MAIL_FROM,
  }));
export type Deployment = z.infer<typeof deploymentEnvironment>;
