/** Who asks for something from outside, and as what. Pure. */
import type { Actor } from "./node/node.ts";

/** user: has reservations. operator: runs the labs. lab-controller: a lab's own machine. */
export const roles = ["user", "operator", "lab-controller"] as const;
export type Role = (typeof roles)[number];

export interface Caller {
  /** The subject of the token, or the name of the AWS identity. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** As the token says; null: it does not. */
  readonly email: string | null;
}

export const isOperator = ({ roles: held }: Caller): boolean => held.includes("operator");

export const actorOf = (caller: Caller): Actor => ({
  kind: isOperator(caller) ? "operator" : caller.roles.includes("user") ? "user" : "agent",
  name: caller.name,
});
