/** Where a machine stands and what is plugged into it, and what it is known by: the infrastructure's map (R74, R75, R76, R78). */
import type { Hardware } from "./hardware.ts";

export interface RackPlace {
  readonly name: string;
  /** The lowest one that it takes up, counted from the floor. */
  readonly unit: number;
  /** In units. */
  readonly height: number;
}

export interface Outlet {
  /** The power domain that it is an outlet of. */
  readonly domain: string;
  readonly outlet: string;
}

export interface SwitchPort {
  readonly switch: string;
  readonly port: string;
}

/** How its serial console is reached; the secret itself stays on the lab controller. */
export interface ConsoleAccess {
  readonly driver: string;
  readonly address: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly credential?: string;
}

export interface Wiring {
  readonly rack?: RackPlace;
  /** Of its power supplies, where there are some that can be switched. */
  readonly outlets?: readonly Outlet[];
  readonly console?: ConsoleAccess;
  readonly switchPort?: SwitchPort;
  /** What its BIOS is to be set to: a profile of its lab. */
  readonly biosProfile?: string;
  readonly uuid?: string;
  readonly serial?: string;
  readonly assetTag?: string;
  /** As its people say. */
  readonly hardware?: Hardware;
}
