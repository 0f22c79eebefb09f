/**
 * How an OS module talks to a running system: a part of its own, so that one module goes over several (R13). What is said
 * is the same over each; the agent has a driver for it (lib/drivers/os).
 */
import type { Action, GuestChannel } from "../../command.ts";
import type { Ms } from "../../time.ts";

type Task = Extract<Action, { verb: "os.run" }>["task"];

export interface Channel {
  readonly name: GuestChannel;
  /** Waits for so long until the system answers, and pins who it is: before anything else is said to it (R18). */
  reach(withinMs: Ms): Action;
  /** Asks who runs there: revision marker, boot, logins, accounts, sessions. */
  probe(): Action;
  address(): Action;
  run(task: Task, parameters: Readonly<Record<string, string>>, how?: "may fail"): Action;
}

const over = (name: GuestChannel): Channel => {
  const by = name === "ssh" ? {} : { channel: name };
  return {
    name,
    reach: (withinMs) => ({ verb: "os.reach", ...by, withinMs }),
    probe: () => ({ verb: "os.probe", ...by }),
    address: () => ({ verb: "os.address", ...by }),
    run: (task, parameters, how) => ({
      verb: "os.run",
      ...by,
      ...(how === undefined ? {} : { mayFail: true }),
      task,
      parameters,
    }),
  };
};

export const ssh = over("ssh");
export const winrm = over("winrm");
