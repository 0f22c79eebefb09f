/**
 * Talks to a node's operating system over SSH: as the account `rackwright`, with the agent's own key, to a host whose key is
 * the one that the system itself told when it started. It runs our guest program and nothing else; parameters go in over
 * standard input.
 */
import ssh2 from "ssh2";
import { guestStatus } from "../../contracts/boot.ts";
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import type { GuestDriver, GuestPlace, GuestStatus, GuestTask } from "./guest-driver.ts";
import { askByCertificate } from "./ssh-certificate.ts";

export interface Guest {
  readonly node: string;
  /** `host` or `host:port`. */
  readonly address: string;
  /** OpenSSH public key format. */
  readonly hostKey: string;
  readonly privateKey: string;
}

const connectMs = 10_000;
const longestAnswer = 16 * 1024;

export function runGuest(
  { node, address, hostKey, privateKey }: Guest,
  task: GuestTask,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<GuestStatus> {
  const { host, port } = whereIs(address);
  const expected = ssh2.utils.parseKey(hostKey);
  if (expected instanceof Error)
    throw new DriverFault(nodeFault("host-key-unknown", `node ${node} told no usable SSH host key`));
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let [stdout, stderr] = ["", ""];
    const fail = (code: string, message: string) => {
      client.destroy();
      reject(new DriverFault(nodeFault(code, `node ${node} (${address}): ${message}`)));
    };
    signal.addEventListener("abort", () => fail("os-time-out", `${task} did not end in time`), {
      once: true,
    });
    client.on("error", (error) =>
      fail(stderr.includes("host key") ? "host-key-changed" : "os-unreachable", stderr || error.message),
    );
    client.on("ready", () => {
      client.exec(`rackwright-guest ${task}`, (error, stream) => {
        if (error !== undefined) return fail("os-unreachable", error.message);
        stream.on("data", (chunk: Buffer) => {
          stdout = `${stdout}${chunk}`.slice(0, longestAnswer);
        });
        stream.stderr.on("data", (chunk: Buffer) => {
          stderr = `${stderr}${chunk}`.slice(0, longestAnswer);
        });
        stream.on("close", (code: number | null) => {
          client.end();
          if (code !== 0)
            return fail(
              "guest-failed",
              `${task} ended with ${code ?? "a signal"}: ${stderr.trim().slice(0, 300)}`,
            );
          const parsed = parse(stdout);
          if (parsed === null) return fail("guest-answer", `${task} did not answer with a status`);
          resolve(parsed);
        });
        stream.end(JSON.stringify(parameters));
      });
    });
    client.connect({
      host,
      port,
      username: "rackwright",
      privateKey,
      readyTimeout: connectMs,
      hostVerifier: (key: Buffer) => {
        const same = key.equals(expected.getPublicSSH());
        if (!same) stderr = "its host key is not the one that it told when it started";
        return same;
      },
    });
  });
}

/** `host`, `host:port`, or an IPv6 address in brackets. */
function whereIs(address: string): { readonly host: string; readonly port: number } {
  const [, host = address, port = "22"] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(address) ?? [];
  return { host, port: Number(port) };
}

/** The host key that is shown now, in OpenSSH's format. The connection ends there: nobody logs in. */
export function readHostKey({ node, address }: GuestPlace, signal: AbortSignal): Promise<string> {
  const { host, port } = whereIs(address);
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const fail = (message: string) => {
      client.destroy();
      reject(new DriverFault(nodeFault("os-unreachable", `node ${node} (${address}): ${message}`)));
    };
    if (signal.aborted) return fail("there was no time to ask it");
    signal.addEventListener("abort", () => fail("no SSH server answered in time"), { once: true });
    client.on("error", (error) => fail(error.message));
    client.connect({
      host,
      port,
      username: "rackwright",
      readyTimeout: connectMs,
      hostVerifier: (key: Buffer) => {
        const parsed = ssh2.utils.parseKey(key);
        if (parsed instanceof Error) fail(`its host key cannot be read: ${parsed.message}`);
        else resolve(`${parsed.type} ${parsed.getPublicSSH().toString("base64")}`);
        client.destroy();
        return false;
      },
    });
  });
}

export const ssh: GuestDriver = {
  name: "ssh",
  identify: readHostKey,
  run: async ({ identity: hostKey, certified, ...guest }, task, parameters, signal) => {
    if (certified === null) return runGuest({ ...guest, hostKey }, task, parameters, signal);
    const certifiedGuest = { ...guest, ...whereIs(guest.address), hostKey, certified };
    const said = await askByCertificate(certifiedGuest, task, JSON.stringify(parameters), signal);
    const status = parse(said);
    if (status !== null) return status;
    const message = `node ${guest.node} (${guest.address}): ${task} did not answer with a status`;
    throw new DriverFault(nodeFault("guest-answer", message));
  },
};

function parse(text: string): GuestStatus | null {
  try {
    return guestStatus.parse(JSON.parse(text));
  } catch {
    // Told by the caller: whatever came is not a status.
    return null;
  }
}

export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

const isWhole = (key: string): boolean => !(ssh2.utils.parseKey(key) instanceof Error);

/** Both halves can be read again. */
export const isUsable = (pair: KeyPair): boolean => isWhole(pair.private) && isWhole(pair.public);

/**
 * A key pair in OpenSSH's formats, for an account on the systems that this agent installs. The library spoils one in 256
 * (ssh2 1.17.0, issue 1513: leading zeros of the public half are lost): such a one is made again.
 */
export function newKeyPair(comment: string): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (isUsable(pair)) return pair;
  }
}
