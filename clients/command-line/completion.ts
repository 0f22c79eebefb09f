/** What makes bash and zsh complete the commands and their options. */
import { type Command, command } from "./command.ts";
import { exits, UsageError } from "./exit.ts";
import { commonOptions } from "./options.ts";

const scripts = { bash, zsh } as const;
const isShell = (text: string): text is keyof typeof scripts => text in scripts;

/** The command itself; `commands` are those that are completed beside it. */
export function completionOf(commands: readonly Command[]): Command {
  const completion = command({
    name: "completion",
    is: "print the completion script of a shell: bash or zsh",
    takes: ["SHELL"],
    options: {},
    async run({ surroundings }, given) {
      const shell = given.argument(0);
      if (!isShell(shell)) throw new UsageError(`completion: bash or zsh, not ${JSON.stringify(shell)}`);
      surroundings.out(scripts[shell]([...commands, completion]));
      return exits.done;
    },
  });
  return completion;
}

const optionsOf = ({ options }: Command) => Object.entries({ ...options, ...commonOptions });

const fileOptions = (commands: readonly Command[]): readonly string[] => [
  ...new Set(
    commands
      .flatMap(optionsOf)
      .filter(([, { value }]) => value === "FILE")
      .map(([name]) => `--${name}`),
  ),
];

function wordsOf(each: Command): readonly string[] {
  const shells = each.name === "completion" ? Object.keys(scripts) : [];
  return [...shells, ...optionsOf(each).map(([name]) => `--${name}`)];
}

function bash(commands: readonly Command[]): string {
  return `# rackwright completion bash: source <(rackwright completion bash)
_rackwright() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    ${fileOptions(commands).join("|")}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(" ")} --help"
  else
    case "\${COMP_WORDS[1]}" in
${commands.map((each) => `      ${each.name}) words="${wordsOf(each).join(" ")}" ;;`).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _rackwright rackwright
`;
}

function zsh(commands: readonly Command[]): string {
  const described = (name: string, is: string) => `'${`${name}:${is}`.replaceAll("'", `'\\''`)}'`;
  return `#compdef rackwright
# rackwright completion zsh: source <(rackwright completion zsh)
_rackwright() {
  local -a candidates
  case "\${words[CURRENT-1]}" in
    ${fileOptions(commands).join("|")}) _files; return ;;
  esac
  if (( CURRENT == 2 )); then
    candidates=(${commands.map(({ name, is }) => described(name, is)).join(" ")})
    _describe command candidates
    return
  fi
  case "\${words[2]}" in
${commands.map((each) => `    ${each.name}) compadd -- ${wordsOf(each).join(" ")} ;;`).join("\n")}
  esac
}
compdef _rackwright rackwright
`;
}
