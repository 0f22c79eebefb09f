/**
 * Talks to a node's operating system over SSH: as the account `rackwright`, with the agent's own key, to a host whose key is
 * the one that the system itself told when it started. It runs our guest program and nothing else; parameters go in over
 * standard input.
 */
import ssh2 from "ssh2";
import type * as z from "zod";
import { guestStatus, type guestTasks } from "../../contracts/boot.ts";
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";

export interface Guest {
  readonly node: string;
  /** `host` or `host:port`. */
  readonly address: string;
  /** OpenSSH public key format. */
  readonly hostKey: string;
  readonly privateKey: string;
}

export type GuestStatus = z.infer<typeof guestStatus>;

const connectMs = 10_000;
const longestAnswer = 16 * 1024;

export function runGuest(
  { node, address, hostKey, privateKey }: Guest,
  task: (typeof guestTasks)[number],
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<GuestStatus> {
  const [host = "", port = "22"] = address.split(":");
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
      port: Number(port),
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

function parse(text: string): GuestStatus | null {
  try {
    return guestStatus.parse(JSON.parse(text));
  } catch {
    // Told by the caller: whatever came is not a status.
    return null;
  }
}

/** A key pair in OpenSSH's formats, for an account on the systems that this agent installs. */
export const newKeyPair = (comment: string): { readonly private: string; readonly public: string } =>
  ssh2.utils.generateKeyPairSync("ed25519", { comment });
