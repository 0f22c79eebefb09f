/**
 * The same as ssh.ts, for an agent whose key a certificate authority has signed. It runs OpenSSH's own client: the library
 * (ssh2 1.17.0) cannot log in with a certificate, for it names in the signature the kind of the certificate where a server
 * expects that of the key.
 */
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import type { ToolResult } from "../tool.ts";
import type { CertifiedKey, GuestPlace, GuestTask } from "./guest-driver.ts";

const connectSeconds = 10;
/** Commands that may take long are ended by their signal. */
const longestMs = 30 * 60_000;
/** What the client exits with when it was not the guest's program that failed. */
const clientFailed = 255;
const bareKey = /^(?<type>[a-z0-9@.-]+) (?<key>[A-Za-z0-9+/=]+)(?: |$)/;

export interface CertifiedGuest extends GuestPlace {
  readonly host: string;
  readonly port: number;
  /** OpenSSH public key format. */
  readonly hostKey: string;
  readonly certified: CertifiedKey;
}

/** What the guest program has printed. */
export async function askByCertificate(
  guest: CertifiedGuest,
  task: GuestTask,
  stdin: string,
  signal: AbortSignal,
): Promise<string> {
  const { node, address, hostKey, certified } = guest;
  const fault = (code: string, message: string): DriverFault =>
    new DriverFault(nodeFault(code, `node ${node} (${address}): ${message}`));
  const groups = bareKey.exec(hostKey)?.groups;
  if (groups === undefined) throw fault("host-key-unknown", "told no usable SSH host key");
  const args = argumentsFor(guest, `${groups["type"]} ${groups["key"]}`);
  let ended: ToolResult;
  try {
    ended = await certified.tool(
      "ssh",
      [...args, "rackwright-guest", task],
      { stdin, timeoutMs: longestMs },
      signal,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    throw fault("os-time-out", `${task} did not end in time`);
  }
  const { code, stdout, stderr } = ended;
  const said = stderr.trim().slice(0, 300);
  if (code === 0) return stdout;
  if (code === null) throw fault("os-time-out", `${task} did not end in time`);
  if (code !== clientFailed) throw fault("guest-failed", `${task} ended with ${code}: ${said}`);
  if (stderr.includes("Host key verification failed"))
    throw fault("host-key-changed", "its host key is not the one that it told when it started");
  if (stderr.includes("Permission denied"))
    throw fault(
      "os-refuses",
      `it takes neither the certificate ${certified.certificateFile} nor its key: ssh-keygen -L -f shows for whom and until when it is valid (${said})`,
    );
  throw fault("os-unreachable", said);
}

/** Nothing of the controller's own configuration counts: one key, one certificate, one host key. */
function argumentsFor({ node, host, port, certified }: CertifiedGuest, hostKey: string): string[] {
  const options = {
    BatchMode: "yes",
    CertificateFile: certified.certificateFile,
    ConnectTimeout: connectSeconds,
    ForwardAgent: "no",
    GlobalKnownHostsFile: "none",
    HostKeyAlias: node,
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    IdentityFile: certified.keyFile,
    KnownHostsCommand: `/bin/echo ${node} ${hostKey}`,
    LogLevel: "ERROR",
    PreferredAuthentications: "publickey",
    StrictHostKeyChecking: "yes",
    UpdateHostKeys: "no",
    UserKnownHostsFile: "none",
  };
  return [
    ...["-F", "none", "-T", "-p", String(port), "-l", "rackwright"],
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...["--", host],
  ];
}
