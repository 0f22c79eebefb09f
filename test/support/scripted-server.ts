/** A service that answers as it is told, in order: for what the embedded stack cannot be made to say. */
import { createServer } from "node:http";

export type Scripted =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** The request is taken, and never answered. */
  | "silence"
  /** The request is taken, and the connection cut. */
  | "cut";

export interface Call {
  /** `GET /v1/nodes?next=n7` */
  readonly line: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Null where none was sent. */
  readonly body: unknown;
}

export interface ScriptedServer {
  readonly endpoint: string;
  /** The bodies of the requests so far. */
  readonly requests: readonly unknown[];
  /** The requests so far. */
  readonly calls: readonly Call[];
  /** Replaces what is left of the script, and forgets the requests. Past the end of a script everything is an error. */
  play(script: readonly Scripted[]): void;
  stop(): Promise<void>;
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  let script: Scripted[] = [];
  const requests: unknown[] = [];
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const body: unknown = text === "" ? null : JSON.parse(text);
      requests.push(body);
      calls.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      const answer = script.shift() ?? {
        status: 400,
        body: { __type: "EndOfScript", message: "nothing more is scripted" },
      };
      if (answer === "silence") return;
      if (answer === "cut") {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0", ...answer.headers });
      response.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the scripted server has no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    calls,
    play: (next) => {
      script = [...next];
      requests.length = 0;
      calls.length = 0;
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
