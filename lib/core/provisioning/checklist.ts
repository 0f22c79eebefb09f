/**
 * What must hold before a node that was handed over may go to somebody else without a load. Each item was released by the
 * commands of the reclaim, and counts only when the running system was asked afterwards and shows it. The first one that
 * does not hold sends the node to be loaded anew.
 */
import { type Fault, nodeFault } from "../fault.ts";
import type { Disk, Evidence, Target } from "../node/node.ts";

interface Read {
  readonly os: NonNullable<Evidence["os"]>;
  readonly disk: Disk;
  readonly target: Target;
}

interface Item {
  readonly name: string;
  /** Of the fault, when it does not hold. */
  readonly code: string;
  /** What is wrong, in words; null: it holds. */
  readonly wrong: (read: Read) => string | null;
}

const items: readonly Item[] = [
  {
    name: "nobody logged in",
    code: "user-was-in",
    wrong: ({ os }) => (os.logins === 0 ? null : `${os.logins} logins were counted`),
  },
  {
    name: "no account is left",
    code: "account-left",
    wrong: ({ os }) => (os.accounts === 0 ? null : `${os.accounts} accounts of users are left`),
  },
  {
    name: "no session is open",
    code: "session-open",
    wrong: ({ os }) => (os.sessions === 0 ? null : `${os.sessions} sessions of users are open`),
  },
  {
    // The count of logins begins anew with every boot, so it says nothing about another one.
    name: "same boot",
    code: "rebooted",
    wrong: ({ os, disk }) =>
      os.osBoot === disk.taint?.osBoot ? null : "the system was booted anew since access was granted",
  },
  {
    name: "right revision",
    code: "wrong-revision",
    wrong: ({ os, target }) =>
      os.revision === target.revision
        ? null
        : `the running system says it is revision ${os.revision ?? "(none)"}, not ${target.revision}`,
  },
];

/** What a clean node's certificate says was proved. */
export const checklistNames: readonly string[] = items.map(({ name }) => name);

/** Null: every item was read and holds. Else the fault names all that do not. */
export function notClean(evidence: Evidence, disk: Disk, target: Target): Fault | null {
  const { os } = evidence;
  if (os === null) return nodeFault("not-proved-clean", "the running system did not answer");
  const open = items.flatMap(({ code, wrong }) => {
    const message = wrong({ os, disk, target });
    return message === null ? [] : [{ code, message }];
  });
  const [first] = open;
  return first === undefined ? null : nodeFault(first.code, open.map(({ message }) => message).join("; "));
}
