/**
 * A WinRM service that speaks the protocol of the real one (MS-WSMV): Basic over HTTPS, one shell per client, answers that
 * come in pieces, “nothing yet” as a fault with code 2150858793. The program that it runs is a function of the test.
 */
import { randomUUID, X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import { selfSignedCertificate } from "../../lib/local/rack/certificate.ts";

export interface Ran {
  readonly stdout: string;
  readonly stderr?: string;
  readonly code?: number;
}

export interface WinrmServer {
  readonly port: number;
  /** SHA-256, as AA:BB:… */
  readonly fingerprint: string;
  /** The program and its arguments, with what it was given on standard input. */
  readonly ran: readonly { readonly command: string; readonly input: string }[];
  /** What the client asked for, in order: Create, Command, … */
  readonly actions: readonly string[];
  /** Shells that nobody has removed. */
  openShells(): number;
  stop(): Promise<void>;
}

const uri = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";

const answer = (body: string): string =>
  `<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="${uri}"><s:Header/><s:Body>${body}</s:Body></s:Envelope>`;

const faultOf = (code: string, subcode: string, text: string): string =>
  answer(
    `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">${text}</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="${code}" Machine="node-01"><f:Message>${text}</f:Message></f:WSManFault></s:Detail></s:Fault>`,
  );

const base64 = (text: string): string => Buffer.from(text).toString("base64");

interface Running {
  readonly command: string;
  input: string | null;
  /** What is still to be told, one piece for each time it is asked. */
  pieces: string[] | null;
}

export async function startWinrm(
  password: string,
  program: (command: string, input: string) => Ran,
  certificate: { key: string; cert: string } = selfSignedCertificate(),
): Promise<WinrmServer> {
  const shells = new Map<string, Map<string, Running>>();
  const ran: { command: string; input: string }[] = [];
  const actions: string[] = [];

  function piecesOf(id: string, { stdout, stderr = "", code = 0 }: Ran): string[] {
    const stream = (name: string, text: string): string =>
      `<rsp:Stream Name="${name}" CommandId="${id}">${base64(text)}</rsp:Stream>`;
    const receive = (body: string) => answer(`<rsp:ReceiveResponse>${body}</rsp:ReceiveResponse>`);
    const half = Math.floor(stdout.length / 2);
    return [
      faultOf("2150858793", "w:TimedOut", "The operation did not complete within the time specified."),
      receive(
        `${stream("stdout", stdout.slice(0, half))}<rsp:CommandState CommandId="${id}" State="${uri}/CommandState/Running"/>`,
      ),
      receive(
        `${stream("stdout", stdout.slice(half))}${stream("stderr", stderr)}<rsp:Stream Name="stdout" CommandId="${id}" End="true"/><rsp:CommandState CommandId="${id}" State="${uri}/CommandState/Done"><rsp:ExitCode>${code}</rsp:ExitCode></rsp:CommandState>`,
      ),
    ];
  }

  function respond(message: string): { status: number; body: string } {
    const find = (pattern: RegExp): string => pattern.exec(message)?.[1] ?? "";
    const action = find(/<a:Action[^>]*>[^<]*\/(\w+)</);
    actions.push(action);
    if (action === "Create") {
      const id = randomUUID().toUpperCase();
      shells.set(id, new Map());
      return { status: 200, body: answer(`<rsp:Shell><rsp:ShellId>${id}</rsp:ShellId></rsp:Shell>`) };
    }
    const shellId = find(/<w:Selector Name="ShellId">([^<]*)</);
    const shell = shells.get(shellId);
    if (shell === undefined)
      return { status: 500, body: faultOf("2150858843", "w:InvalidSelectors", "the shell was not found") };
    const commandId = find(/CommandId="([^"]*)"/);
    const running = shell.get(commandId);
    switch (action) {
      case "Command": {
        const id = randomUUID().toUpperCase();
        const args = [...message.matchAll(/<rsp:Arguments>([^<]*)</g)].map(([, text]) => text);
        shell.set(id, {
          command: [find(/<rsp:Command>([^<]*)</), ...args].join(" "),
          input: null,
          pieces: null,
        });
        return {
          status: 200,
          body: answer(`<rsp:CommandResponse><rsp:CommandId>${id}</rsp:CommandId></rsp:CommandResponse>`),
        };
      }
      case "Send":
        if (running !== undefined && /End="true"/i.test(message))
          running.input = Buffer.from(find(/<rsp:Stream[^>]*>([^<]*)</), "base64").toString();
        return { status: 200, body: answer("<rsp:SendResponse/>") };
      case "Receive": {
        if (running?.input == null)
          return { status: 500, body: faultOf("2150858793", "w:TimedOut", "nothing yet") };
        if (running.pieces === null) {
          ran.push({ command: running.command, input: running.input });
          running.pieces = piecesOf(commandId, program(running.command, running.input));
        }
        const piece = running.pieces.shift() ?? faultOf("2150858843", "w:InvalidSelectors", "it is over");
        return { status: piece.includes("<s:Fault>") ? 500 : 200, body: piece };
      }
      case "Signal":
        shell.delete(commandId);
        return { status: 200, body: answer("<rsp:SignalResponse/>") };
      case "Delete":
        shells.delete(shellId);
        return { status: 200, body: answer("") };
      default:
        return { status: 500, body: faultOf("2150858752", "a:ActionNotSupported", `no action ${action}`) };
    }
  }

  const server = createServer(certificate, (request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      if (request.headers.authorization !== `Basic ${base64(`rackwright:${password}`)}`) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="WSMAN"' }).end();
        return;
      }
      const { status, body } = respond(text);
      response.writeHead(status, { "content-type": "application/soap+xml;charset=UTF-8" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the WinRM server has no port");
  return {
    port: address.port,
    fingerprint: new X509Certificate(certificate.cert).fingerprint256,
    ran,
    actions,
    openShells: () => shells.size,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
