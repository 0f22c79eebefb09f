/**
 * The console that a Redfish service names (DSP0266, ComputerSystem.SerialConsole; of older ones Manager.SerialConsole): by SSH
 * to the BMC, with the BMC's own account. A host key is accepted only if the lab's people have pinned it, as with certificates.
 */
import { createHash } from "node:crypto";
import ssh2 from "ssh2";
import * as z from "zod";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { refusedCredential } from "../power/driver.ts";
import { redfishOptions, redfishPatience, systemPath } from "../power/redfish.ts";
import { openSession, type Session } from "../power/redfish-session.ts";
import { type ConsoleAccess, type ConsoleDriver, consoleOptions } from "./driver.ts";

const options = redfishOptions.extend({
  /** As `ssh-keyscan HOST | ssh-keygen -lf -` shows it. */
  hostKey: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "is not a host key's fingerprint, as SHA256:…")
    .optional(),
});

const connectMs = 20_000;
/** A peer that has gone without a word is noticed by this. */
const keepAliveMs = 30_000;

const protocol = z.looseObject({
  ServiceEnabled: z.boolean().nullish(),
  Port: z.int().min(1).max(65_535).nullish(),
  /** What brings whoever has logged in from the BMC's own shell to the console. */
  ConsoleEntryCommand: z.string().max(200).nullish(),
});
const link = z.looseObject({ "@odata.id": z.string() });
const system = z.looseObject({
  SerialConsole: z.looseObject({ SSH: protocol.optional() }).optional(),
  Links: z.looseObject({ ManagedBy: z.array(link).optional() }).optional(),
});
const manager = z.looseObject({
  SerialConsole: z
    .looseObject({
      ServiceEnabled: z.boolean().nullish(),
      ConnectTypesSupported: z.array(z.string()).default([]),
    })
    .optional(),
});

interface Place {
  readonly port: number;
  readonly command: string | null;
}

export const redfishConsole: ConsoleDriver = {
  name: "redfish",
  ofBmc: true,
  listen: async (console, heard) => {
    const { certificate = null, system: wanted, hostKey } = consoleOptions("redfish", options, console);
    const bmc = { ...console, note: () => undefined, who: "rackwright-agent" };
    const session = await openSession(bmc, certificate, redfishPatience);
    let place: Place;
    try {
      place = await placeOf(console, session, await systemPath(session, wanted, console));
    } finally {
      await session.close();
    }
    return watch(console, place, hostKey, heard);
  },
};

async function placeOf({ address }: ConsoleAccess, session: Session, path: string): Promise<Place> {
  const found = system.safeParse(await session.get(path));
  const ssh = found.data?.SerialConsole?.SSH;
  if (ssh !== undefined && ssh.ServiceEnabled !== false)
    return { port: ssh.Port ?? 22, command: ssh.ConsoleEntryCommand ?? null };
  for (const { "@odata.id": where } of found.data?.Links?.ManagedBy ?? []) {
    const { data } = manager.safeParse(await session.get(where));
    const { ServiceEnabled, ConnectTypesSupported = [] } = data?.SerialConsole ?? {};
    if (ServiceEnabled !== false && ConnectTypesSupported.includes("SSH")) return { port: 22, command: null };
  }
  const why = ssh === undefined ? "names none that is reached by SSH" : "has it switched off (SSH)";
  const message = `BMC ${address} is asked for its serial console and ${why}: switch it on there, or take the driver ipmi-sol`;
  throw new DriverFault(configurationFault("console-unsupported", message));
}

const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

function watch(
  { address, credential, signal, connected }: ConsoleAccess,
  { port, command }: Place,
  pinned: string | undefined,
  heard: (bytes: Uint8Array) => void,
): Promise<string> {
  const host = new URL(address).hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const client = new ssh2.Client();
    let [isOpen, why] = [false, "it was closed at the other end"];
    let fault: DriverFault | null = null;
    const stop = () => client.destroy();
    signal.addEventListener("abort", stop, { once: true });
    client.on("error", (error) => {
      why = error.message;
      if (error.level === "client-authentication") fault ??= refusedCredential(address, "by SSH");
    });
    client.once("close", () => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return reject(signal.reason);
      if (isOpen) return resolve(why);
      const message = `console ${host}:${port} of BMC ${address} does not answer: ${why}`;
      reject(fault ?? new DriverFault(nodeFault("console-unreachable", message)));
    });
    client.once("ready", () => {
      const begun = (error: Error | undefined, stream: ssh2.ClientChannel): void => {
        if (error !== undefined) {
          why = error.message;
          return void client.end();
        }
        isOpen = true;
        connected();
        stream.on("data", heard);
        stream.stderr.on("data", heard);
        stream.once("close", () => client.end());
      };
      if (command === null) client.shell({ term: "vt100" }, begun);
      else client.exec(command, { pty: { term: "vt100" } }, begun);
    });
    client.connect({
      host,
      port,
      ...credential,
      readyTimeout: connectMs,
      keepaliveInterval: keepAliveMs,
      hostVerifier: (key: Buffer) => {
        const seen = fingerprintOf(key);
        if (seen === pinned) return true;
        const message =
          pinned === undefined
            ? `nobody vouches for its SSH host key. Compare its fingerprint ${seen} at the BMC, then set the console's option hostKey to it`
            : `its SSH host key is ${seen}, pinned is ${pinned}: it was replaced, or this is another machine`;
        fault = new DriverFault(configurationFault("host-key-untrusted", `BMC ${address}: ${message}`));
        return false;
      },
    });
  });
}
