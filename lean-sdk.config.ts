/**
 * Leaves out of the bundles of functions what the AWS SDK brings along and nobody calls: a third of each bundle. Nothing
 * that a function does changes; test/arch/lean-sdk.test.ts holds it to that.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

/**
 * The errors that our adapters recognise by their class; the SDK makes any other one an Error with the same name and
 * message.
 */
export const recognisedErrors: readonly string[] = [
  "BadRequestException",
  "ConditionalCheckFailedException",
  "InvalidInstanceId",
  "InvocationDoesNotExist",
  "MailFromDomainNotVerifiedException",
  "MessageRejected",
  "ResourceInUseException",
  "ResourceNotFoundException",
  "TransactionCanceledException",
  "TransactionConflictException",
];

/** A function's credentials are in its environment (AWS Lambda Developer Guide, “Defined runtime environment variables”). */
const environmentCredentials = `
  import { fromEnv } from "@aws-sdk/credential-provider-env";
  export const defaultProvider = (options) => fromEnv(options);
`;

/** The client of DynamoDB keeps discovered endpoints in a cache of its own; discovery is off unless somebody asks for it. */
const endpointCache = "export default class extends Map { constructor() { super(); } }";

/** Loaded only for a command that streams events; we call none. */
const eventStreams =
  'throw new Error("this bundle has no event streams: lean-sdk.config.ts leaves them out");';

/**
 * A client's page of shapes registers every error of the service, and names traits by constants (`[_e]: …`): both make
 * a bundler keep shapes that no command in the bundle uses.
 */
export function leanShapes(text: string): string {
  const constants = new Map(
    [...text.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
  return text
    .replaceAll(/^\w+\.registerError\((\w+)\$, (?:\w+)\);$/gm, (statement, name: string) =>
      recognisedErrors.includes(name) || name.endsWith("ServiceException") ? statement : "",
    )
    .replaceAll(/\[(_\w+)\]:/g, (key, name: string) => {
      const value = constants.get(name);
      return value === undefined ? key : `${value}:`;
    });
}

export const leanSdk: Plugin = {
  name: "lean-sdk",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ resolveDir }) => ({
      path: "environment-credentials",
      namespace: "lean-sdk",
      pluginData: resolveDir,
    }));
    onLoad({ filter: /./, namespace: "lean-sdk" }, ({ pluginData }) => ({
      contents: environmentCredentials,
      resolveDir: String(pluginData),
    }));
    onResolve({ filter: /^mnemonist\/lru-cache$/ }, () => ({
      path: "endpoint-cache",
      namespace: "endpoint-cache",
    }));
    onLoad({ filter: /./, namespace: "endpoint-cache" }, () => ({ contents: endpointCache }));
    onResolve({ filter: /^@smithy\/core\/event-streams$/ }, () => ({
      path: "event-streams",
      namespace: "event-streams",
    }));
    onLoad({ filter: /./, namespace: "event-streams" }, () => ({ contents: eventStreams }));
    onLoad({ filter: /\/client-[a-z]+\/dist-es\/schemas\/schemas_0\.js$/ }, ({ path }) => ({
      contents: leanShapes(readFileSync(path, "utf8")),
      loader: "js",
    }));
  },
};
