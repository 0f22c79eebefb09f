/**
 * WS-Management as WinRM speaks it (MS-WSMV): the few messages that run one program in a remote shell. Envelopes are
 * written whole, and of answers only the elements are read that we need, whatever prefixes they have.
 */
import { randomUUID } from "node:crypto";

const shellUri = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
const shell = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
const transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer";

/** Of one answer; a program that prints more is asked for the rest. */
const envelopeBytes = 153_600;

interface Message {
  readonly to: string;
  readonly action: string;
  readonly shellId: string | null;
  readonly options?: Readonly<Record<string, string>>;
  readonly body: string;
  /** How long the server may hold an answer back; it then says that it has nothing yet. */
  readonly holdSeconds: number;
}

function envelope({ to, action, shellId, options = {}, body, holdSeconds }: Message): string {
  const optionSet = Object.entries(options)
    .map(([name, value]) => `<w:Option Name="${name}">${escaped(value)}</w:Option>`)
    .join("");
  const selector =
    shellId === null
      ? ""
      : `<w:SelectorSet><w:Selector Name="ShellId">${escaped(shellId)}</w:Selector></w:SelectorSet>`;
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="${shell}"><s:Header><a:To>${escaped(to)}</a:To><a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">${action}</a:Action><a:MessageID>uuid:${randomUUID()}</a:MessageID><w:ResourceURI s:mustUnderstand="true">${shellUri}</w:ResourceURI><w:MaxEnvelopeSize s:mustUnderstand="true">${envelopeBytes}</w:MaxEnvelopeSize><w:OperationTimeout>PT${holdSeconds}S</w:OperationTimeout><w:Locale s:mustUnderstand="false" xml:lang="en-US"/>${selector}${optionSet === "" ? "" : `<w:OptionSet>${optionSet}</w:OptionSet>`}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
}

/** The messages of one shell, at one address. */
export const messagesTo = (to: string, holdSeconds: number) => ({
  create: () =>
    envelope({
      to,
      action: `${transfer}/Create`,
      shellId: null,
      // 65001 is UTF-8: what the program prints is read as that.
      options: { WINRS_NOPROFILE: "TRUE", WINRS_CODEPAGE: "65001" },
      body: `<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>`,
      holdSeconds,
    }),
  command: (shellId: string, program: string, args: readonly string[]) =>
    envelope({
      to,
      action: `${shell}/Command`,
      shellId,
      // No console: its standard input is a pipe that can be closed.
      options: { WINRS_CONSOLEMODE_STDIN: "FALSE", WINRS_SKIP_CMD_SHELL: "FALSE" },
      body: `<rsp:CommandLine><rsp:Command>${escaped(program)}</rsp:Command>${args.map((each) => `<rsp:Arguments>${escaped(each)}</rsp:Arguments>`).join("")}</rsp:CommandLine>`,
      holdSeconds,
    }),
  send: (shellId: string, commandId: string, text: string) =>
    envelope({
      to,
      action: `${shell}/Send`,
      shellId,
      body: `<rsp:Send><rsp:Stream Name="stdin" CommandId="${escaped(commandId)}" End="TRUE">${Buffer.from(text).toString("base64")}</rsp:Stream></rsp:Send>`,
      holdSeconds,
    }),
  receive: (shellId: string, commandId: string) =>
    envelope({
      to,
      action: `${shell}/Receive`,
      shellId,
      body: `<rsp:Receive><rsp:DesiredStream CommandId="${escaped(commandId)}">stdout stderr</rsp:DesiredStream></rsp:Receive>`,
      holdSeconds,
    }),
  terminate: (shellId: string, commandId: string) =>
    envelope({
      to,
      action: `${shell}/Signal`,
      shellId,
      body: `<rsp:Signal CommandId="${escaped(commandId)}"><rsp:Code>${shell}/signal/terminate</rsp:Code></rsp:Signal>`,
      holdSeconds,
    }),
  remove: (shellId: string) => envelope({ to, action: `${transfer}/Delete`, shellId, body: "", holdSeconds }),
});

export interface Received {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Null: it still runs. */
  readonly exitCode: number | null;
}

export const shellIdIn = (answer: string): string | null =>
  textOf(answer, "ShellId") ??
  /<(?:\w+:)?Selector\b[^>]*Name="ShellId"[^>]*>([^<]+)</.exec(answer)?.[1] ??
  null;

export const commandIdIn = (answer: string): string | null => textOf(answer, "CommandId");

export function receivedIn(answer: string): Received {
  const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const [, attributes = "", text = ""] of answer.matchAll(
    /<(?:\w+:)?Stream\b([^>]*?)(?:\/>|>([^<]*)<)/g,
  )) {
    const name = /\bName="(\w+)"/.exec(attributes)?.[1];
    if (name === "stdout" || name === "stderr") streams[name].push(Buffer.from(text, "base64"));
  }
  const ended = /<(?:\w+:)?CommandState\b[^>]*State="[^"]*\/CommandState\/Done"/.test(answer);
  return {
    stdout: Buffer.concat(streams.stdout),
    stderr: Buffer.concat(streams.stderr),
    exitCode: ended ? Number(textOf(answer, "ExitCode") ?? "0") : null,
  };
}

/** What the server says is wrong; null where the answer is no fault. `nothingYet`: ask again. */
export function faultIn(answer: string): { readonly nothingYet: boolean; readonly text: string } | null {
  if (!/<(?:\w+:)?Fault\b/.test(answer)) return null;
  const code = /<(?:\w+:)?WSManFault\b[^>]*Code="(\d+)"/.exec(answer)?.[1] ?? null;
  const nothingYet = code === "2150858793" || /<(?:\w+:)?Value>\w+:TimedOut</.test(answer);
  const text = textOf(answer, "Text") ?? textOf(answer, "Message") ?? "it names no reason";
  return { nothingYet, text: `${text.trim().slice(0, 300)}${code === null ? "" : ` (code ${code})`}` };
}

const textOf = (answer: string, element: string): string | null => {
  const found = new RegExp(`<(?:\\w+:)?${element}\\b[^>]*>([^<]*)<`).exec(answer)?.[1];
  return found === undefined ? null : unescaped(found);
};

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" } as const;

const escaped = (text: string): string =>
  Object.entries(entities).reduce((left, [plain, entity]) => left.replaceAll(plain, entity), text);

const unescaped = (text: string): string =>
  Object.entries(entities).reduceRight((left, [plain, entity]) => left.replaceAll(entity, plain), text);
