/**
 * Linux with our guest program, reached by the agent over SSH. The revision is read from the running system, never
 * assumed; access is granted and taken back by the guest; what cannot be proved clean is reloaded.
 */
import { nodeFault } from "../../fault.ts";
import { commandLimits, done, type OsModule, onAnswer, retry, type Step, type StepContext } from "../step.ts";
import { waitForOs } from "./boot.ts";

/** `prove` and `postLoad` ask the same question: is the target revision what runs there? */
const probe = (stage: Step["stage"], { target, policy }: StepContext): Step => ({
  stage,
  name: "probe-os",
  awaits: "the revision marker, read from the running system",
  actions: [{ verb: "os.probe" }],
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

export const linux: OsModule = {
  name: "linux",
  postLoad: (attempt, context) => [waitForOs("linux", attempt, context), probe("post-load", context)],
  prove: (context) => probe("check", context),
  address: ({ policy }) => ({
    stage: "address",
    name: "read-address",
    awaits: "the address, read from the running system",
    actions: [{ verb: "os.address" }],
    limits: commandLimits(policy),
    settle: onAnswer(({ address }) =>
      address === null ? retry(nodeFault("no-address", "the running system named no address")) : done,
    ),
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
              {
                verb: "os.run",
                task: "grant-access",
                parameters: { user: user.name, publicKey: user.publicKey },
              },
              { verb: "os.probe" },
            ],
            limits: commandLimits(policy),
            settle: onAnswer(),
          },
        ],
  sanitize: ({ user, target, policy }) => [
    {
      stage: "sanitize",
      name: "sanitize",
      awaits: "proof that nobody logged in since access was granted",
      actions: [
        { verb: "os.run", task: "revoke-access", parameters: { user: user?.name ?? "" } },
        { verb: "os.run", task: "sanitize", parameters: {} },
        { verb: "os.probe" },
      ],
      limits: commandLimits(policy),
      settle: onAnswer(({ evidence: { os }, disk }) => {
        if (os === null) return retry(nodeFault("not-proved-clean", "the running system did not answer"));
        if (os.logins > 0) return retry(nodeFault("user-was-in", `${os.logins} logins were counted`));
        if (os.osBoot !== disk.taint?.osBoot)
          return retry(nodeFault("rebooted", "the system was booted anew since access was granted"));
        if (os.revision !== target.revision)
          return retry(nodeFault("wrong-revision", `the running system is ${os.revision ?? "unmarked"}`));
        return done;
      }),
    },
  ],
};
