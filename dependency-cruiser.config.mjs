/**
 * Which room of the house may import what (docs/architecture.md, “Layout”). The table is the rule: everything below it
 * is derived from it. `npm run arch` checks the tree; test/arch plants a violation of each rule and expects to be told.
 *
 * A room may always import from itself. `imports` names the other rooms, `packages` what it takes from node_modules
 * (a name, or a scope with /*), `node` whether it may use node:*, and `belongs` where code goes that needs more.
 */
export const rooms = [
  {
    room: "lib/core",
    is: "decisions: pure, no clock, no randomness, no I/O",
    imports: [],
    packages: [],
    node: false,
    belongs:
      "Core decides on what it is given. Pass the value in, or move the code that fetches it to lib/app.",
  },
  {
    room: "lib/contracts",
    is: "every shape that crosses a process border",
    imports: ["lib/core"],
    packages: ["zod"],
    node: false,
    belongs:
      "A contract describes a shape and parses it. Move code that acts on the shape to lib/app or to an adapter.",
  },
  {
    room: "lib/ports",
    is: "interfaces of one to five verbs",
    imports: ["lib/core", "lib/contracts"],
    packages: [],
    node: false,
    belongs:
      "A port is an interface and nothing else. Move the implementation to lib/aws, lib/drivers or lib/local.",
  },
  {
    room: "lib/app",
    is: "use-cases: load, decide, commit, act, record",
    imports: ["lib/core", "lib/contracts", "lib/ports"],
    packages: [],
    node: false,
    belongs:
      "A use-case sees the world through lib/ports only. Add a verb to a port and implement it in an adapter.",
  },
  {
    room: "lib/aws",
    is: "the ports on DynamoDB, SQS, SSM and EventBridge",
    imports: ["lib/core", "lib/contracts", "lib/ports"],
    packages: ["@aws-sdk/*", "@smithy/*"],
    node: true,
    belongs:
      "An adapter translates. Move decisions to lib/core, order of work to lib/app, shapes to lib/contracts.",
  },
  {
    room: "lib/console",
    is: "what operators see: HTML and SVG from state, pure",
    imports: ["lib/core", "lib/contracts", "lib/ports"],
    packages: [],
    node: false,
    belongs:
      "A page is a function of the state. Let the function in functions/console read the state and pass it in.",
  },
  {
    room: "lib/inventory",
    is: "lab files as people keep them: read with their places, compared, written",
    imports: ["lib/core", "lib/contracts"],
    packages: ["yaml", "zod"],
    node: false,
    belongs: "It makes data of text and text of data. Whoever has the file reads it and passes the text in.",
  },
  {
    room: "lib/drivers",
    is: "power, image, OS and console drivers on lab controllers",
    imports: ["lib/core", "lib/contracts", "lib/ports"],
    packages: ["zod", "ssh2"],
    node: true,
    belongs:
      "A driver does one thing to one device, without policy. Retries, order and the journal belong in lib/agent.",
  },
  {
    room: "lib/agent",
    is: "the program on lab controllers",
    imports: ["lib/core", "lib/contracts", "lib/ports", "lib/drivers"],
    packages: ["zod", "aws4fetch"],
    node: true,
    belongs: "The agent carries out commands. What to do next is decided in the cloud: lib/core and lib/app.",
  },
  {
    room: "lib/local",
    is: "everything on one machine",
    imports: [
      "lib/core",
      "lib/contracts",
      "lib/ports",
      "lib/app",
      "lib/aws",
      "lib/console",
      "lib/inventory",
      "lib/drivers",
      "lib/agent",
    ],
    packages: ["zod", "ssh2", "jose"],
    node: true,
    belongs:
      "The local stack runs the shipped things around it. Handlers are loaded from dist/ at run time, never imported.",
  },
  {
    room: "functions",
    is: "Lambda entry points: parse, compose, call, encode",
    imports: ["lib/core", "lib/contracts", "lib/ports", "lib/app", "lib/aws", "lib/console"],
    packages: ["@middy/*", "@aws-lambda-powertools/*", "zod", "@types/aws-lambda"],
    node: true,
    belongs:
      "A function is a porch. Move the work to a use-case in lib/app, and what touches a service to lib/aws.",
  },
  {
    room: "clients",
    is: "callers of the HTTP API: the typed client, the command line",
    imports: ["lib/inventory"],
    packages: [],
    node: true,
    belongs:
      "A client knows the API by docs/openapi.json alone, and lab files by lib/inventory. What it lacks there belongs in lib/contracts, from which that is made.",
  },
  {
    room: "infra",
    is: "what is deployed",
    imports: ["lib/contracts"],
    packages: [],
    node: true,
    belongs:
      "Infrastructure knows the functions by path and their environment by its contract in lib/contracts.",
  },
];

/** The table as the documentation shows it (docs/contributing.md; a test keeps it in step). */
export function roomsTable() {
  const list = (names) => (names.length === 0 ? "–" : names.join(", "));
  return [
    "| room | what it is | may import | packages | node:* |",
    "| --- | --- | --- | --- | --- |",
    ...rooms.map(
      ({ room, is, imports, packages, node }) =>
        `| \`${room}\` | ${is} | ${list(imports.map((name) => name.replace("lib/", "")))} | ${list(packages)} | ${node ? "yes" : "no"} |`,
    ),
  ].join("\n");
}

const inRoom = (room) => `^${room}/`;
const inPackage = (name) => `(^|/)node_modules/${name.replace(/\*$/, "")}${name.endsWith("*") ? "" : "/"}`;
const anyPackage = "(^|/)node_modules/";

const roomRules = rooms.flatMap(({ room, imports, packages, node, belongs }) => {
  const name = room.replace("lib/", "");
  const may = (names) => (names.length === 0 ? "nothing" : names.join(", "));
  const forbid = (suffix, comment, to) => ({
    name: `${name}-${suffix}`,
    severity: "error",
    comment: `${comment} ${belongs}`,
    from: { path: inRoom(room) },
    to,
  });
  return [
    forbid("rooms", `${room} may import from ${may(imports)}.`, {
      dependencyTypes: ["local"],
      pathNot: [room, ...imports].map(inRoom),
    }),
    forbid("packages", `${room} may use these packages: ${may(packages)}.`, {
      path: anyPackage,
      ...(packages.length === 0 ? {} : { pathNot: packages.map(inPackage) }),
    }),
    ...(node ? [] : [forbid("node", `${room} runs without node:*.`, { dependencyTypes: ["core"] })]),
  ];
});

const globalRules = [
  {
    name: "no-cycles",
    comment:
      "Files that import each other are one file in two places. Move what both need to a third, or pass it as an argument.",
    from: {},
    to: { circular: true },
  },
  {
    name: "nothing-unresolved",
    comment: "This import leads nowhere: a wrong path, or a package that package.json does not name.",
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: "functions-are-strangers",
    comment:
      "An entry point that imports another is deployed with it and breaks with it. Move what both need to functions/runtime/ (set-up) or lib/app (work).",
    from: { path: "^functions/" },
    to: { path: "^functions/", pathNot: "^functions/runtime(/|[.]ts$)" },
  },
  {
    name: "functions-reach-no-hands",
    comment:
      "Something a Lambda function imports leads to code that runs on a lab controller or on one machine. The cloud sends commands (lib/contracts/command.ts); move the shared shape to lib/contracts or lib/core.",
    from: { path: "^functions/" },
    to: { path: "^lib/(drivers|agent|local)/", reachable: true },
  },
  {
    name: "agent-reaches-no-cloud",
    comment:
      "Something the agent imports leads to the brain or to the AWS SDK. The agent signs its few calls with aws4fetch; what both sides share belongs in lib/contracts or lib/core.",
    from: { path: "^lib/agent/" },
    to: { path: ["^lib/(app|aws)/", inPackage("@aws-sdk/*")], reachable: true },
  },
  {
    name: "only-aws-imports-the-sdk",
    comment:
      "The AWS SDK stays in lib/aws, so that everything else runs without it. Put the call behind a port.",
    from: { pathNot: inRoom("lib/aws") },
    to: { path: inPackage("@aws-sdk/*") },
  },
].map((rule) => ({ ...rule, severity: "error" }));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [...roomRules, ...globalRules],
  options: {
    // TypeScript 7 has no JavaScript API: with it as the parser nothing is seen, and nothing seen is no violation.
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: anyPackage },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      mainFields: ["module", "main", "types"],
      extensions: [".ts", ".mts", ".mjs", ".js", ".json", ".d.ts", ".node"],
    },
  },
};
