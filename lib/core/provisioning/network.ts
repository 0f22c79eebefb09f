/**
 * A node's switch port is set before its user gets it, and set back before anything else is done to it when it was his.
 * What is wished is the lab's and the user's own words, handed to the lab's driver as it is (R78, R87).
 */
import type { NodeState, Stage } from "../node/node.ts";
import type { ProgramContext } from "./context.ts";
import { commandLimits, onAnswer, type Step } from "./step.ts";

/** None for a node whose lab does not drive its switch. */
export function networkStep(
  stage: Stage,
  purpose: "provisioning" | "reserved",
  { switchPort }: NodeState,
  { lab, policy, reservation }: Pick<ProgramContext, "lab" | "policy" | "reservation">,
): readonly Step[] {
  const device = switchPort === null ? undefined : lab.switches[switchPort.switch];
  if (switchPort === null || device === undefined) return [];
  const { driver, address, provisioning, reserved } = device;
  const wish = purpose === "provisioning" ? provisioning : { ...reserved, ...reservation?.network };
  const where = `port ${switchPort.port} of ${switchPort.switch}`;
  return [
    {
      stage,
      name: "set-network",
      awaits: `the switch driver's word that ${where} is set for ${purpose === "reserved" ? "its user" : "provisioning"}`,
      actions: [
        {
          verb: "network.apply",
          switch: switchPort.switch,
          driver,
          address,
          port: switchPort.port,
          purpose,
          wish,
        },
      ],
      limits: commandLimits(policy),
      settle: onAnswer(),
    },
  ];
}
