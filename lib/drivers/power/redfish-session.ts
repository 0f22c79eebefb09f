/**
 * How we talk to a Redfish BMC: JSON over one connection, logged in with a session token where the BMC has sessions, with
 * the password in every request where it has none. A certificate that nobody vouches for is accepted only if it is the one
 * that the lab's people have pinned; never silently.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import * as z from "zod";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { type BmcAccess, refusedCredential, unreachable } from "./driver.ts";
import { pause } from "./verified.ts";

export interface RedfishPatience {
  readonly requestMs: number;
  /** Requests that only read are repeated while the BMC cannot be reached. */
  readonly tries: number;
  readonly retryMs: number;
}

export interface Session {
  /** Answers the parsed body; throws a DriverFault that says what is wrong. */
  get(path: string): Promise<unknown>;
  /** Tells the status; whether it did anything is found by reading. */
  send(method: "POST" | "PATCH", path: string, body: unknown): Promise<number>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const longestAnswer = 1024 * 1024;
export const fingerprint = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, "is a certificate's SHA-256 fingerprint, as AA:BB:…");

/** Thrown inside the connection; told as a configuration fault with the fingerprint that was seen. */
class CertificateRefused extends Error {
  override readonly name = "CertificateRefused";
}

/** One connection at a time: BMCs are small. The certificate is compared before a byte of ours is sent. */
function connection(url: URL, pinned: string | null): { agent: HttpAgent | HttpsAgent; secure: boolean } {
  if (url.protocol === "http:")
    return { agent: new HttpAgent({ keepAlive: true, maxSockets: 1 }), secure: false };
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = (_options, ready) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const isName = !/^[\d.]+$|:/.test(host);
    const socket: TLSSocket = connect({
      host,
      port: Number(url.port === "" ? 443 : url.port),
      ...(isName ? { servername: host } : {}),
      rejectUnauthorized: false,
    });
    socket.once("secureConnect", () => {
      const { fingerprint256 = "none" } = socket.getPeerCertificate();
      const trusted =
        pinned === null ? socket.authorized : fingerprint256.toLowerCase() === pinned.toLowerCase();
      if (trusted) return ready?.(null, socket);
      const why =
        pinned === null
          ? `nobody vouches for its certificate (${String(socket.authorizationError)}). Compare its SHA-256 fingerprint ${fingerprint256} at the BMC, then set the option certificate to it`
          : `its certificate is ${fingerprint256}, pinned is ${pinned.toUpperCase()}: it was replaced, or this is another machine`;
      const error = new CertificateRefused(why);
      socket.destroy();
      ready?.(error, socket);
    });
    socket.once("error", (error) => ready?.(error, socket));
    return undefined;
  };
  return { agent, secure: true };
}

/** As much of a BMC as a login takes. */
export type BmcLogin = Pick<BmcAccess, "address" | "credential" | "signal" | "note" | "who">;

export async function openSession(
  bmc: BmcLogin,
  pinned: string | null,
  { requestMs, tries, retryMs }: RedfishPatience,
): Promise<Session> {
  const { address, signal, credential } = bmc;
  const base = urlOf(address);
  const { agent, secure } = connection(base, pinned);

  function once(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer> {
    const url = new URL(path, base);
    return new Promise((resolve, reject) => {
      const call: ClientRequest = (secure ? httpsRequest : httpRequest)(
        url,
        {
          method,
          agent,
          headers: {
            accept: "application/json",
            "odata-version": "4.0",
            "user-agent": bmc.who,
            ...headers,
            ...(body === undefined
              ? {}
              : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          },
          signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
            if (text.length > longestAnswer) response.destroy(new Error("its answer has no end"));
          });
          response.once("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
          response.once("error", reject);
        },
      );
      call.once("error", reject);
      call.end(body);
    });
  }

  async function call(method: string, path: string, headers: Record<string, string>, content?: unknown) {
    const body = content === undefined ? undefined : JSON.stringify(content);
    const attempts = method === "GET" ? tries : 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await once(method, path, headers, body);
        if (method !== "GET" || answer.status >= 400)
          bmc.note(`${method} ${path}  (status ${answer.status})`);
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof CertificateRefused) {
          throw new DriverFault(
            configurationFault("certificate-untrusted", `BMC ${address}: ${error.message}`),
          );
        }
        if (attempt >= attempts)
          throw unreachable(address, error instanceof Error ? error.message : String(error));
        await pause(retryMs * (0.5 + Math.random()), signal);
      }
    }
  }

  const refused = (status: number): boolean => status === 401 || status === 403;
  const parsed = (path: string, { status, text }: Answer): unknown => {
    if (refused(status)) throw refusedCredential(address, `status ${status}`);
    try {
      if (status >= 200 && status < 300) return JSON.parse(text);
    } catch {
      // Told below, with the status and the beginning of what came instead of JSON.
    }
    throw new DriverFault(
      nodeFault("bmc-error", `BMC ${address} answered ${path} with ${status}: ${text.slice(0, 200)}`),
    );
  };

  try {
    parsed("/redfish/v1/", await call("GET", "/redfish/v1/", {}));
    const { username, password } = credential;
    const sessions = "/redfish/v1/SessionService/Sessions";
    const login = await call("POST", sessions, {}, { UserName: username, Password: password });
    if (refused(login.status)) throw refusedCredential(address, `status ${login.status}`);
    const { "x-auth-token": token, location } = login.headers;
    const headers: Record<string, string> =
      login.status < 300 && typeof token === "string"
        ? { "x-auth-token": token }
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
    return {
      get: async (path) => parsed(path, await call("GET", path, headers)),
      send: async (method, path, content) => {
        const { status } = await call(method, path, headers, content);
        if (refused(status)) throw refusedCredential(address, `status ${status}`);
        return status;
      },
      close: async () => {
        // A session that is not ended ends by itself; the work is done either way.
        if ("x-auth-token" in headers && typeof location === "string") {
          await once("DELETE", new URL(location, base).pathname, headers).catch(() => undefined);
        }
        agent.destroy();
      },
    };
  } catch (error) {
    agent.destroy();
    throw error;
  }
}

function urlOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "") return url;
  const message = `${JSON.stringify(address)} is no address for the power driver redfish: https://host is wanted`;
  throw new DriverFault(configurationFault("power-address", message));
}
