/** `rackwright-agent doctor`: says what is there, what is missing, and what to do about it. */
import { checkConfig, checkMachine, type Finding } from "./checks.ts";

const marks = { ok: "ok     ", missing: "MISSING", note: "note   " } as const;

/** Returns the exit code: 1 if anything is missing. */
export async function doctor(configFile: string, print: (line: string) => void): Promise<number> {
  const findings = [...checkMachine(), ...(await checkConfig(configFile))];
  for (const line of findings.flatMap(linesOf)) print(line);
  const count = findings.filter(({ verdict }) => verdict === "missing").length;
  print("");
  print(count === 0 ? "This controller is ready." : `${count} missing: this controller is not ready.`);
  return count === 0 ? 0 : 1;
}

const linesOf = ({ verdict, what, found, advice }: Finding): string[] => [
  `${marks[verdict]}  ${what}: ${found}`,
  ...(advice === null ? [] : [`         -> ${advice}`]),
];
