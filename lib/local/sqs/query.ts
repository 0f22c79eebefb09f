/**
 * The old Query protocol of SQS: a form in, XML out. It is translated to and from the JSON protocol's shapes, so that there
 * is one implementation of each action. Old SDKs and Debian's AWS CLI 2.9 speak nothing else.
 */
import { randomUUID } from "node:crypto";
import type { SqsError } from "./queues.ts";

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };
type Tree = Map<string, string | Tree>;

const numbers = ["DelaySeconds", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds"];
const lists: Readonly<Record<string, string>> = {
  AttributeName: "AttributeNames",
  MessageAttributeName: "MessageAttributeNames",
  MessageSystemAttributeName: "MessageSystemAttributeNames",
};
const maps: Readonly<Record<string, string>> = {
  Attribute: "Attributes",
  MessageAttribute: "MessageAttributes",
};

/** `path`: where the request went, which names the queue if the form does not. */
export function readForm(form: URLSearchParams, path: string): { action: string; input: Json } {
  const root: Tree = new Map();
  for (const [key, value] of form) put(root, key.split("."), value);
  const input = jsonOf(root);
  const queueUrl = path === "/" ? {} : { QueueUrl: path };
  return { action: form.get("Action") ?? "", input: { ...queueUrl, ...input } };
}

function put(tree: Tree, [first = "", ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    tree.set(first, value);
    return;
  }
  const known = tree.get(first);
  const next = known instanceof Map ? known : new Map();
  tree.set(first, next);
  put(next, rest, value);
}

function jsonOf(tree: Tree): { [name: string]: Json } {
  return Object.fromEntries(
    [...tree].map(([name, value]): [string, Json] => {
      if (typeof value === "string") return [name, numbers.includes(name) ? Number(value) : value];
      const list = lists[name];
      if (list !== undefined)
        return [list, inOrder(value).map((each) => (typeof each === "string" ? each : jsonOf(each)))];
      const map = maps[name];
      if (map !== undefined) return [map, Object.fromEntries(inOrder(value).flatMap(namedValue))];
      if (name.endsWith("BatchRequestEntry"))
        return ["Entries", inOrder(value).map((each) => (typeof each === "string" ? each : jsonOf(each)))];
      return [name, jsonOf(value)];
    }),
  );
}

/** `X.1`, `X.2`, … by their number. */
const inOrder = (tree: Tree): (string | Tree)[] =>
  [...tree].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);

function namedValue(entry: string | Tree): [string, Json][] {
  if (typeof entry === "string") return [];
  const name = entry.get("Name");
  const value = entry.get("Value");
  if (typeof name !== "string" || value === undefined) return [];
  return [[name, typeof value === "string" ? value : jsonOf(value)]];
}

const namespace = "http://queue.amazonaws.com/doc/2012-11-05/";
const metadata = () => `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`;

export function writeXml(action: string, output: unknown): string {
  const result = Object.entries(output ?? {})
    .map(([name, value]) => element(action, name, value))
    .join("");
  return `<?xml version="1.0"?><${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result>${metadata()}</${action}Response>`;
}

export const writeXmlError = (error: SqsError, type: "Sender" | "Receiver"): string =>
  `<?xml version="1.0"?><ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type><Code>${codeOf(error)}</Code><Message>${escaped(error.message)}</Message><Detail/></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;

const codeOf = ({ type }: SqsError): string =>
  type === "QueueDoesNotExist" ? "AWS.SimpleQueueService.NonExistentQueue" : type;

/** Lists are flat in this protocol: the element is repeated, under a name in the singular. */
function element(action: string, name: string, value: unknown): string {
  if (Array.isArray(value))
    return value.map((each) => element(action, singular(action, name), each)).join("");
  if (typeof value !== "object" || value === null) return `<${name}>${escaped(String(value))}</${name}>`;
  if (name === "Attributes" || name === "MessageAttributes") {
    const single = name.slice(0, -1);
    return Object.entries(value)
      .map(
        ([key, each]) =>
          `<${single}><Name>${escaped(key)}</Name>${element(action, "Value", each)}</${single}>`,
      )
      .join("");
  }
  const inside = Object.entries(value)
    .map(([key, each]) => element(action, key, each))
    .join("");
  return `<${name}>${inside}</${name}>`;
}

function singular(action: string, name: string): string {
  switch (name) {
    case "Successful":
      return `${action}ResultEntry`;
    case "Failed":
      return "BatchResultErrorEntry";
    case "Messages":
      return "Message";
    default:
      return "QueueUrl";
  }
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#xD;",
};
const escaped = (text: string): string => text.replaceAll(/[&<>"\r]/g, (each) => entities[each] ?? each);
