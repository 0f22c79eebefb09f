import type { Fault } from "../core/fault.ts";

/** What a driver throws: it says whose fault it was. Anything else that is thrown is a bug. */
export class DriverFault extends Error {
  override readonly name = "DriverFault";
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}
