/**
 * An operating system with our guest program, whichever channel it is reached over. The revision is read from the running
 * system, never assumed; access is granted and taken back by the guest; what cannot be proved clean is reloaded.
 */
import { defaultChannelMs, profileOf } from "../../correction/os-profiles.ts";
import { forAttempt } from "../../correction/policy.ts";
import { nodeFault } from "../../fault.ts";
import type { Ms } from "../../time.ts";
import { commandLimits, done, type OsModule, onAnswer, retry, type Step, type StepContext } from "../step.ts";
import { waitForOs } from "./boot.ts";
import type { Channel } from "./channel.ts";

export interface GuestSystem {
  readonly name: string;
  /** Whose time-outs hold: a name in the policy's `os`. */
  readonly family: string;
  readonly channel: Channel;
  /** What the wait for its boot awaits, where that is more than a boot. */
  readonly awaits?: string;
}

const noAddress = nodeFault("no-address", "the running system named no address");

export function guestModule({ name, family, channel, awaits }: GuestSystem): OsModule {
  /** `prove` and `postLoad` ask the same question: is the target revision what runs there? */
  const probe = (stage: Step["stage"], { target, policy }: StepContext): Step => ({
    stage,
    name: "probe-os",
    awaits: "the revision marker, read from the running system",
    actions: [channel.probe()],
    limits: commandLimits(policy),
    settle: onAnswer(({ evidence }) =>
      evidence.os?.revision === target.revision
        ? done
        : retry(
            nodeFault(
              "wrong-revision",
              `the running system says it is revision ${evidence.os?.revision ?? "(none)"}, not ${target.revision}`,
            ),
          ),
    ),
  });

  return {
    name,
    postLoad: (attempt, context) => {
      const wait = waitForOs(family, attempt, context);
      const asked = probe("post-load", context);
      return [
        awaits === undefined ? wait : { ...wait, awaits },
        {
          ...asked,
          awaits: "the revision marker and the address, read from the running system",
          // Each answer that is waited for costs a change of state: what can be asked at once is.
          actions: [channel.reach(channelMs(family, attempt, context)), ...asked.actions, channel.address()],
          settle: (seen) => {
            const proved = asked.settle(seen);
            return proved.outcome === "done" && seen.address === null ? retry(noAddress) : proved;
          },
        },
      ];
    },
    readsAddressInPostLoad: true,
    prove: (context) => probe("check", context),
    address: ({ policy }) => ({
      stage: "address",
      name: "read-address",
      awaits: "the address, read from the running system",
      actions: [channel.address()],
      limits: commandLimits(policy),
      settle: onAnswer(({ address }) => (address === null ? retry(noAddress) : done)),
    }),
    grantAccess: ({ user, policy }) =>
      user === null || user.publicKey === null
        ? []
        : [
            {
              stage: "reserve",
              name: "grant-access",
              grants: true,
              awaits: "the guest's word that the user may log in",
              actions: [
                channel.run("grant-access", { user: user.name, publicKey: user.publicKey }),
                channel.probe(),
              ],
              limits: commandLimits(policy),
              settle: onAnswer(({ evidence: { os } }) =>
                os !== null && os.accounts > 0
                  ? done
                  : retry(nodeFault("access-not-granted", "the running system has no account for the user")),
              ),
            },
          ],
    introduce: ({ members, policy }) =>
      members.length === 0
        ? []
        : [
            {
              // On a node in use: whatever comes of it, it stays so.
              stage: "inspect",
              name: "introduce",
              awaits: "the guest's word that it knows the others of its cluster",
              actions: [channel.run("introduce", { members: members.map(lineOf).join("\n") }, "may fail")],
              limits: commandLimits(policy),
              settle: onAnswer(),
            },
          ],
    revokeAccess: ({ user }) => [channel.run("revoke-access", { user: user?.name ?? "" }, "may fail")],
    sanitize: ({ user, policy }) => [
      {
        stage: "sanitize",
        name: "sanitize",
        awaits: "proof that nobody logged in since access was granted, and that nothing of the user is left",
        actions: [
          channel.run("revoke-access", { user: user?.name ?? "" }),
          channel.run("sanitize", {}),
          channel.probe(),
        ],
        limits: commandLimits(policy),
        // What was read is held against the checklist by the engine, for every OS module alike.
        settle: onAnswer(),
      },
    ],
    preCapture: ({ user, policy }) => [
      {
        stage: "pre-capture",
        name: "take-out",
        awaits:
          "the guest's word that it holds no identity, key, account or log that is not to be in an image",
        actions: [channel.run("pre-capture", { user: user?.name ?? "" })],
        limits: commandLimits(policy),
        settle: onAnswer(({ evidence: { os } }) =>
          os !== null && os.accounts > 0
            ? retry(nodeFault("account-left", `${os.accounts} accounts of users are left in the system`))
            : done,
        ),
      },
    ],
    postCapture: (context) => {
      const { user, attempt, policy } = context;
      const back = { user: user?.name ?? "", publicKey: user?.publicKey ?? "" };
      return [
        { ...waitForOs(family, attempt, context), stage: "post-capture" },
        {
          stage: "post-capture",
          name: "put-back",
          awaits: "the guest's word that its user may log in again",
          actions: [channel.reach(channelMs(family, attempt, context)), channel.run("post-capture", back)],
          limits: commandLimits(policy),
          settle: onAnswer(),
        },
      ];
    },
  };
}

/** Never so long that the agent would end the command before it could say why. */
function channelMs(family: string, attempt: number, { policy, osVersion }: StepContext): Ms {
  const { channel = [defaultChannelMs] } = profileOf(policy.os, family, osVersion) ?? {};
  return Math.min(forAttempt(channel, attempt), 0.8 * policy.command.runMs);
}

/** Address, node, role. */
const lineOf = ({ address, node, role }: StepContext["members"][number]): string =>
  [address, node, ...(role === null ? [] : [role])].join(" ");
