/**
 * What every power driver has in common: look first, change once, read back until it is so. A BMC that says no although it
 * is in the wanted state is success; one that says yes is not believed; one that refuses to switch on right after it was
 * switched off is asked again, a bounded number of times (field.md C13, C17, C20).
 */
import type { PowerState } from "../../core/command.ts";
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { type BmcAccess, unreachableCode } from "./driver.ts";

/** One machine's power, raw. */
export interface Switch {
  read(): Promise<PowerState>;
  /** Asks for a change, once. Throws a DriverFault if it was refused, or if it is not known whether it arrived. */
  send(change: "on" | "off" | "reset"): Promise<void>;
}

export interface Patience {
  /** How long a change of power may take until it shows. */
  readonly settleMs: number;
  readonly pollMs: number;
  /** Times that a refused change is asked for again, each after `refusedWaitMs`. */
  readonly refusals: number;
  readonly refusedWaitMs: number;
}

export const patience: Patience = { settleMs: 60_000, pollMs: 500, refusals: 3, refusedWaitMs: 2000 };

export interface Verified {
  on(): Promise<PowerState>;
  off(): Promise<PowerState>;
  cycle(): Promise<PowerState>;
  reset(): Promise<PowerState>;
}

export function verified(
  { address, signal, guard }: Pick<BmcAccess, "address" | "signal" | "guard">,
  { read, send }: Switch,
  { settleMs, pollMs, refusals, refusedWaitMs }: Patience = patience,
): Verified {
  /** Null: asked for, or perhaps so; a fault: refused. */
  async function ask(change: "on" | "off" | "reset"): Promise<DriverFault | null> {
    guard();
    try {
      await send(change);
      return null;
    } catch (error) {
      if (!(error instanceof DriverFault)) throw error;
      // Lost on its way there or back: it may have had its effect, which reading tells. It is never sent twice blindly.
      if (error.fault.code === unreachableCode) return null;
      if (error.fault.code === "bmc-refused") return error;
      throw error;
    }
  }

  async function settle(wanted: PowerState): Promise<PowerState> {
    const until = performance.now() + settleMs;
    for (;;) {
      const seen = await read();
      if (seen === wanted) return seen;
      if (performance.now() >= until) {
        const message = `BMC ${address} took the request, but power is ${seen} after ${settleMs / 1000} s, not ${wanted}`;
        throw new DriverFault(nodeFault("power-unchanged", message));
      }
      await pause(pollMs, signal);
    }
  }

  async function change(change: "on" | "off" | "reset", wanted: "on" | "off"): Promise<PowerState> {
    for (let refused = 0; ; refused += 1) {
      const refusal = await ask(change);
      if (refusal === null) return settle(wanted);
      if ((await read()) === wanted && change !== "reset") return wanted;
      if (refused >= refusals) throw refusal;
      await pause(refusedWaitMs, signal);
    }
  }

  const become = async (wanted: "on" | "off"): Promise<PowerState> =>
    (await read()) === wanted ? wanted : change(wanted, wanted);

  return {
    on: () => become("on"),
    off: () => become("off"),
    cycle: async () => {
      await become("off");
      return change("on", "on");
    },
    // A machine that is off is not started by a reset.
    reset: async () => ((await read()) === "off" ? change("on", "on") : change("reset", "on")),
  };
}

/** The verbs of a driver that knows how to read and send; each use logs in anew. */
export const verbsOf = (switchOf: (bmc: BmcAccess) => Switch, settings: Patience) => ({
  on: (bmc: BmcAccess) => verified(bmc, switchOf(bmc), settings).on(),
  off: (bmc: BmcAccess) => verified(bmc, switchOf(bmc), settings).off(),
  cycle: (bmc: BmcAccess) => verified(bmc, switchOf(bmc), settings).cycle(),
  reset: (bmc: BmcAccess) => verified(bmc, switchOf(bmc), settings).reset(),
});

export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
