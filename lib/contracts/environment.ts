/**
 * What the functions find in their environment. infra/ is typed by these same shapes, so that a forgotten variable is a
 * compile error; at run time a wrong one ends the cold start with its name.
 */
import * as z from "zod";
import { defaultPolicy, type Policy } from "../core/correction/policy.ts";
import { type RoleClaims, roleClaims } from "./authorizer.ts";
import { policy } from "./policy.ts";
import { explain } from "./scalars.ts";

export const functionEnvironment = z.object({
  TABLE_NAME: z.string().min(3),
  WAKES_QUEUE_URL: z.url(),
  DOCUMENT_NAME: z.string().min(3),
  METRICS_NAMESPACE: z.string().min(1).optional(),
  POLICY: z.string().optional(),
});

/** `ROLE_CLAIMS`: which groups of the tokens' issuer hold which role. */
export const apiEnvironment = functionEnvironment.extend({ ROLE_CLAIMS: z.string().optional() });

/** `CONSOLE_TOKEN_PATH`: where the status page asks for a token, on one machine. */
export const consoleEnvironment = functionEnvironment.extend({ CONSOLE_TOKEN_PATH: z.string().optional() });

/** `CONSOLE_ACT_FUNCTION`: what the buttons of the widgets call, by its ARN. */
export const widgetsEnvironment = functionEnvironment.extend({ CONSOLE_ACT_FUNCTION: z.string().min(1) });

/** A consumer of a queue sends what can never be carried out to the queue's dead-letter queue itself, with the reason. */
export const consumerEnvironment = functionEnvironment.extend({ DEAD_LETTER_QUEUE_URL: z.url() });

/** The function that writes to people. `MAIL_FROM`: an address that the account has verified. */
export const lettersEnvironment = z.object({
  TABLE_NAME: z.string().min(3),
  DEAD_LETTER_QUEUE_URL: z.url(),
  MAIL_FROM: z.string().min(3),
});

/** The function that turns the table's stream into events. */
export const eventsEnvironment = z.object({
  TABLE_NAME: z.string().min(3),
  EVENT_BUS_NAME: z.string().min(1),
  METRICS_NAMESPACE: z.string().min(1).optional(),
});

export function readEnvironment<T>(
  shape: z.ZodType<T>,
  variables: Readonly<Record<string, string | undefined>>,
): T {
  const parsed = shape.safeParse(variables);
  if (parsed.success) return parsed.data;
  throw new Error(`environment: ${explain(parsed.error)}`);
}

export function readPolicy(text: string | undefined): Policy {
  if (text === undefined || text === "") return defaultPolicy;
  const parsed = policy.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(`environment: POLICY: ${explain(parsed.error)}`);
}

export function readRoleClaims(text: string | undefined): RoleClaims {
  const parsed = roleClaims.safeParse(text === undefined || text === "" ? {} : JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(`environment: ROLE_CLAIMS: ${explain(parsed.error)}`);
}
