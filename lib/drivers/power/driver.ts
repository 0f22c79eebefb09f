/**
 * A power driver switches one machine through one kind of BMC. Each verb is idempotent, and done only when the BMC has been
 * read back: an accepted request has done nothing yet (field.md C20, C23). It has no policy: when and how often is decided
 * above it.
 */
import type { BootDevice, PowerState } from "../../core/command.ts";
import type { Fault } from "../../core/fault.ts";

export interface BmcAccess {
  readonly address: string;
  readonly credential: { readonly username: string; readonly password: string };
  /** Ends whatever is under way. */
  readonly signal: AbortSignal;
}

export interface PowerDriver {
  readonly name: string;
  on(bmc: BmcAccess): Promise<PowerState>;
  off(bmc: BmcAccess): Promise<PowerState>;
  /** Off, proved off, on, proved on. */
  cycle(bmc: BmcAccess): Promise<PowerState>;
  reset(bmc: BmcAccess): Promise<PowerState>;
  status(bmc: BmcAccess): Promise<PowerState>;
  setBootDevice(bmc: BmcAccess, device: BootDevice, persistence: "once" | "continuous"): Promise<void>;
}

/** What a driver throws: it says whose fault it was. Anything else that is thrown is a bug. */
export class DriverFault extends Error {
  override readonly name = "DriverFault";
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}
