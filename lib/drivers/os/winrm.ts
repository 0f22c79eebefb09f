/**
 * Talks to Windows over WinRM: WS-Management in HTTPS, as the local account `rackwright` with the installation's own
 * password (Basic; Node has no Negotiate). The password is told only to the certificate that was pinned. It runs our guest
 * program and nothing else; parameters go in over standard input.
 */
import { Agent, request } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { guestStatus } from "../../contracts/boot.ts";
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import type { GuestAccess, GuestDriver, GuestPlace, GuestStatus, GuestTask } from "./guest-driver.ts";
import { commandIdIn, faultIn, messagesTo, receivedIn, shellIdIn } from "./wsman.ts";

/** WinRM's own port for HTTPS. */
const usualPort = 5986;
const connectMs = 10_000;
const holdSeconds = 20;
const longestAnswer = 1024 * 1024;
const longestOutput = 16 * 1024;

export interface WinrmSettings {
  readonly port: number;
}

interface Line {
  readonly url: URL;
  readonly guest: GuestAccess;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/** A user's way to the machine (RDP, SSH) may name a port; WinRM has its own. */
function urlOf({ address }: GuestPlace, port: number): URL {
  const [, host = address] = /^(\[.*\]|[^:]*)(?::\d+)?$/.exec(address) ?? [];
  return new URL(`https://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}/wsman`);
}

const failed = (code: string, { node, address }: GuestPlace, message: string): DriverFault =>
  new DriverFault(nodeFault(code, `node ${node} (${address}): ${message}`));

const seenOn = (socket: TLSSocket): string => socket.getPeerCertificate().fingerprint256 ?? "none";

/** Nobody vouches for a certificate that Windows makes itself: which one it is, is compared by whoever asks. */
function open(url: URL): TLSSocket {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return connect({ host, port: Number(url.port), rejectUnauthorized: false, timeout: connectMs });
}

function fingerprintAt(place: GuestPlace, url: URL, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open(url);
    const fail = (message: string) => {
      socket.destroy();
      reject(failed("os-unreachable", place, message));
    };
    if (signal.aborted) return fail("there was no time to ask it");
    signal.addEventListener("abort", () => fail("WinRM did not answer in time"), { once: true });
    socket.once("timeout", () => fail("WinRM did not answer in time"));
    socket.once("error", (error) => fail(error.message));
    socket.once("secureConnect", () => {
      resolve(seenOn(socket));
      socket.destroy();
    });
  });
}

/** The certificate is compared before a byte of ours is sent. */
function pinnedAgent(guest: GuestAccess, url: URL): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = (_options, ready) => {
    const socket = open(url);
    socket.once("timeout", () => socket.destroy(new Error("WinRM did not answer in time")));
    socket.once("error", (error) => ready?.(error, socket));
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      if (seenOn(socket).toLowerCase() === guest.identity.toLowerCase()) return ready?.(null, socket);
      const message = `its certificate is ${seenOn(socket)}, pinned is ${guest.identity}: it was replaced, or this is another machine`;
      socket.destroy(failed("host-key-changed", guest, message));
    });
    return undefined;
  };
  return agent;
}

/** One message, one answer; a WS-Management fault is thrown, but for “nothing yet”. */
function ask({ url, guest, agent, signal }: Line, message: string): Promise<string> {
  const credential = Buffer.from(`rackwright:${guest.password}`).toString("base64");
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        method: "POST",
        agent,
        signal,
        headers: {
          authorization: `Basic ${credential}`,
          "content-type": "application/soap+xml;charset=UTF-8",
          "content-length": Buffer.byteLength(message),
          "user-agent": "rackwright-agent",
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > longestAnswer) response.destroy(new Error("its answer has no end"));
        });
        response.once("error", (error) => reject(failed("os-unreachable", guest, error.message)));
        response.once("end", () => {
          const { statusCode } = response;
          if (statusCode === 401)
            return reject(
              failed("os-refused", guest, "WinRM refuses the account rackwright: was it changed?"),
            );
          const fault = faultIn(text);
          if (fault !== null && !fault.nothingYet)
            return reject(failed("guest-failed", guest, `WinRM answers: ${fault.text}`));
          if (fault === null && statusCode !== 200)
            return reject(failed("os-unreachable", guest, `WinRM answers with status ${statusCode}`));
          resolve(text);
        });
      },
    );
    call.once("error", (error) => {
      if (error instanceof DriverFault) return reject(error);
      reject(
        signal.aborted
          ? failed("os-time-out", guest, "the guest program did not end in time")
          : failed("os-unreachable", guest, error.message),
      );
    });
    call.end(message);
  });
}

/** Runs one program to its end, and leaves no shell behind. */
async function execute(
  line: Line,
  task: GuestTask,
  input: string,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number }> {
  const { guest, url } = line;
  const messages = messagesTo(url.href, holdSeconds);
  const shellId = shellIdIn(await ask(line, messages.create()));
  if (shellId === null) throw failed("guest-failed", guest, "WinRM opened no shell");
  try {
    const commandId = commandIdIn(await ask(line, messages.command(shellId, "rackwright-guest", [task])));
    if (commandId === null) throw failed("guest-failed", guest, "WinRM started no program");
    await ask(line, messages.send(shellId, commandId, input));
    let [stdout, stderr] = ["", ""];
    for (;;) {
      const received = receivedIn(await ask(line, messages.receive(shellId, commandId)));
      stdout = `${stdout}${received.stdout}`.slice(0, longestOutput);
      stderr = `${stderr}${received.stderr}`.slice(0, longestOutput);
      if (received.exitCode === null) continue;
      await ask(line, messages.terminate(shellId, commandId));
      return { stdout, stderr, exitCode: received.exitCode };
    }
  } finally {
    // Windows ends a shell that nobody removed by itself; what the program did stands either way.
    await ask({ ...line, signal: AbortSignal.timeout(connectMs) }, messages.remove(shellId)).catch(() => {});
  }
}

function parse(text: string): GuestStatus | null {
  try {
    return guestStatus.parse(JSON.parse(text));
  } catch {
    // Told by the caller: whatever came is not a status.
    return null;
  }
}

export function winrmAt({ port }: WinrmSettings): GuestDriver {
  return {
    name: "winrm",
    identify: (place, signal) => fingerprintAt(place, urlOf(place, port), signal),
    run: async (guest, task, parameters, signal) => {
      const url = urlOf(guest, port);
      const agent = pinnedAgent(guest, url);
      try {
        const input = JSON.stringify(parameters);
        const { stdout, stderr, exitCode } = await execute({ url, guest, agent, signal }, task, input);
        if (exitCode !== 0)
          throw failed(
            "guest-failed",
            guest,
            `${task} ended with ${exitCode}: ${stderr.trim().slice(0, 300)}`,
          );
        const status = parse(stdout);
        if (status === null) throw failed("guest-answer", guest, `${task} did not answer with a status`);
        return status;
      } finally {
        agent.destroy();
      }
    },
  };
}

export const winrm: GuestDriver = winrmAt({ port: usualPort });
