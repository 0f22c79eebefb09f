/**
 * The part of iPXE's script language that a boot service needs: comments, labels, goto, `||` and `&&`, kernel, initrd,
 * boot, chain, sanboot, exit, sleep, echo, and the commands that change nothing here (dhcp, imgfree). As in iPXE a command that
 * fails ends the script, unless `||` says what to do instead.
 */

/** What a script can do to the machine that runs it. */
export interface IpxeHost {
  /** Downloads it; false when that failed. */
  kernel(url: string): Promise<boolean>;
  initrd(url: string): Promise<boolean>;
  /** Another script; null when there is none to be had. */
  script(url: string): Promise<string | null>;
  /** Whether there is a disk to boot from. */
  hasDisk(): boolean;
  sleep(seconds: number): Promise<void>;
}

/** `exit`: back to firmware, which goes on with its boot order. */
export type IpxeOutcome =
  | { readonly kind: "boot"; readonly args: readonly string[] }
  | { readonly kind: "disk" }
  | { readonly kind: "exit" }
  | { readonly kind: "failed"; readonly why: string };

/** More statements than any honest script runs: a loop without a sleep ends here. */
const maximumStatements = 10_000;

type Step = IpxeOutcome | "ok" | "fail" | { readonly kind: "goto"; readonly label: string };

const isShebang = (line: string | undefined) => line !== undefined && /^#!ipxe\b/.test(line.trim());

export async function runIpxe(script: string, host: IpxeHost): Promise<IpxeOutcome> {
  const lines = script.split(/\r?\n/);
  if (!isShebang(lines[0]))
    return { kind: "failed", why: "not an iPXE script: it does not begin with #!ipxe" };
  let kernelArgs: readonly string[] | null = null;

  const command = async (words: readonly string[]): Promise<Step> => {
    const [verb, ...rest] = words;
    const operands = rest.filter((word) => !word.startsWith("--"));
    const [target, ...args] = operands;
    switch (verb) {
      case "kernel":
        if (target === undefined || !(await host.kernel(target))) return "fail";
        kernelArgs = args;
        return "ok";
      case "initrd":
        return target !== undefined && (await host.initrd(target)) ? "ok" : "fail";
      case "chain": {
        const script = target === undefined ? null : await host.script(target);
        if (script === null) return "fail";
        const outcome = await runIpxe(script, host);
        // A script that ends comes back to the one that called it.
        if (outcome.kind === "exit") return "ok";
        return outcome.kind === "failed" ? "fail" : outcome;
      }
      case "boot":
        return kernelArgs === null ? "fail" : { kind: "boot", args: kernelArgs };
      case "sanboot":
        return host.hasDisk() ? { kind: "disk" } : "fail";
      case "exit":
        return { kind: "exit" };
      case "sleep":
        await host.sleep(Number(target ?? "0") || 0);
        return "ok";
      case "goto":
        return target === undefined ? "fail" : { kind: "goto", label: target };
      case "echo":
      case "dhcp":
      case "imgfree":
        return "ok";
      default:
        return "fail";
    }
  };

  /** Runs `a || b && c` from left to right, as iPXE does: no operator binds tighter. */
  const statement = async (line: string): Promise<Step> => {
    let last: Step = "ok";
    for (const part of line.split(/\s+(?=(?:\|\||&&)(?:\s|$))/)) {
      const words = part.trim().split(/\s+/);
      const operator = words[0] === "||" || words[0] === "&&" ? words.shift() : undefined;
      if (operator === "||" && last === "ok") continue;
      if (operator === "&&" && last === "fail") continue;
      // `command ||` with nothing after it means: never mind.
      last = words.length === 0 || words[0] === "" ? "ok" : await command(words);
      if (typeof last === "object") return last;
    }
    return last;
  };

  let index = 1;
  for (let count = 0; count < maximumStatements; count += 1) {
    const line = lines[index]?.trim();
    index += 1;
    if (line === undefined) return { kind: "exit" };
    if (line === "" || line.startsWith("#") || line.startsWith(":")) continue;
    const step = await statement(line);
    if (step === "ok") continue;
    if (step === "fail")
      return { kind: "failed", why: `line ${index} failed: ${line.split(/\s+/)[0] ?? ""}` };
    if (step.kind !== "goto") return step;
    const label = lines.findIndex((each) => each.trim() === `:${step.label}`);
    if (label === -1) return { kind: "failed", why: `line ${index}: there is no label ${step.label}` };
    index = label + 1;
  }
  return { kind: "failed", why: `more than ${maximumStatements} statements: a loop` };
}
