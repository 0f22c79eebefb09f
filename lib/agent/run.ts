/** `rackwright-agent run DELIVERY`: what SSM calls. Hands the commands to the daemon, prints one line, ends at once. */
import { ask, socketOf } from "./ask.ts";

const patienceMs = 900;

/** Returns the exit code. The line goes to standard output, where SSM keeps it. */
export async function run(stateDir: string, payload: string, print: (line: string) => void): Promise<number> {
  try {
    const body = Buffer.from(payload, "base64url").toString();
    JSON.parse(body);
    print(await ask(socketOf(stateDir), body, patienceMs));
    return 0;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    print(JSON.stringify({ schema: "rackwright.receipt/1", error: `not handed over: ${reason}` }));
    return 1;
  }
}
