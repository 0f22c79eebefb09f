/** docs/command-line.md, made from what the commands declare. */
import { commandHelp, help } from "./help.ts";
import { commands } from "./program.ts";

export function commandLinePage(): string {
  const withOptions = commands.filter(({ options }) => Object.keys(options).length > 0);
  return `<!-- Generated from \`clients/command-line/\` by \`npm run docs\`: change the commands, not this page. -->

# The command line

\`npx rackwright\` does over the HTTP API what a portal does: reserve nodes, watch them come up, connect, extend, end.
With \`npm start\` running in another terminal:

    npx rackwright reserve --image demo --count 2 --key ~/.ssh/id_ed25519.pub --watch
    npx rackwright ls
    npx rackwright connect ID --node node-04 --exec
    npx rackwright extend ID --by 30
    npx rackwright end ID
    npx rackwright explain node-04

In a script, \`--json\` gives what the API says, and the exit code says how it went. \`watch\` and \`reserve --watch\` then
print a line for each change. A request that is cut off is made again where that is safe: a read, or a reservation, which
has its id from the start. The token is never an argument, because other people on the machine can read those.

\`ssh\` remembers a node's host keys under its name in that reservation (\`HostKeyAlias\`), because a node that is loaded
anew has new ones.

Completion: \`source <(rackwright completion bash)\`, or \`zsh\`; there \`rackwright\` must be a command
(\`npm link\` makes it one).

## Commands

\`\`\`text
${help(commands)}\`\`\`

${withOptions.map((each) => `\`\`\`text\n${commandHelp(each)}\`\`\``).join("\n\n")}

## In a program

\`clients/typescript/client.ts\` is what the commands call the API with: every operation of
[openapi.json](openapi.json) by its id, typed, on nothing but \`fetch\`.

\`\`\`ts
const client = createClient({ baseUrl: "https://lab.example.org", token });
const reservation = await client.call("postReservations", { body: { owner: "ada", image: "demo", count: 2 } });
for await (const { nodes } of client.pages("getNodes")) show(nodes);
\`\`\`

A refusal throws \`ProblemError\` with the problem's \`type\`, \`status\` and \`detail\`; no answer throws
\`UnreachableError\`.
`;
}
