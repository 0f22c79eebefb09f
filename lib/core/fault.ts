/**
 * What went wrong, and whose fault it is. The class decides who pays: a fault of the node costs it an install
 * attempt, one of the infrastructure (controller, network, image store) has a bounded count of its own, and one of the
 * configuration (image missing, checksum wrong) ends the job at once without blaming the node (field.md C74).
 */
export type FaultClass = "node" | "infrastructure" | "configuration";

export interface Fault {
  readonly class: FaultClass;
  /** Stable, lower-case, for code and alarms: `bmc-unreachable`. */
  readonly code: string;
  /** For people: what, where, what to do. Never holds a secret. */
  readonly message: string;
}

export const nodeFault = (code: string, message: string): Fault => ({ class: "node", code, message });
export const configurationFault = (code: string, message: string): Fault => ({
  class: "configuration",
  code,
  message,
});
