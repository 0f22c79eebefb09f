/**
 * Folds what was observed into the node. Evidence of anything that is not current (an older command, another boot, another
 * installation, an earlier instant) is history and changes nothing.
 */
import type {
  Beacon,
  BuildReport,
  CommandResult,
  ImageContent,
  Observed,
  Phase,
  TestReport,
} from "../command.ts";
import { seesAgain, signOfLife, waitBlindly } from "../correction/late.ts";
import { type Fault, nodeFault } from "../fault.ts";
import type { BootId } from "../ids.ts";
import { giveUp } from "../provisioning/ending.ts";
import { again, rewind } from "../provisioning/engine.ts";
import { certify } from "../provisioning/job.ts";
import { installationOf } from "../provisioning/programs.ts";
import { after, type Instant, spanText } from "../time.ts";
import { foldBios } from "./bios.ts";
import { type Draft, handsOff, setJob } from "./draft.ts";
import { jobOf, type Operation, type Outstanding, type Target } from "./node.ts";

export function foldResult(draft: Draft, result: CommandResult): void {
  const job = jobOf(draft.node);
  const command = job?.command ?? null;
  if (job === null || command === null || command.id !== result.command) return;
  if (command.purpose !== "fence")
    setJob(draft, { command: null, hands: command.to?.controller ?? job.hands });
  draft.evidence = `${command.actions.map(({ verb }) => verb).join(", ")}: ${result.status}`;
  for (const { observed } of result.results)
    if (observed !== undefined) foldObserved(draft, observed, result.endedAt);
  const seen = result.results.some(({ observed }) => observed?.power === "on" || observed?.power === "off");
  if (seen && job.blindSince !== null) seesAgain(draft);
  switch (command.purpose) {
    case "step": {
      const foreign = foldAccounts(draft, result);
      if (foreign !== null) return giveUp(draft, foreign);
      for (const { observed } of result.results) {
        if (observed?.build !== undefined) foldBuild(draft, observed.build);
        if (observed?.test !== undefined) foldTest(draft, observed.test);
      }
      return foldStepAnswer(draft, result, command);
    }
    case "fence":
      return foldFence(draft, result);
    case "look":
      return foldLook(draft, result, command);
    case "reset":
    case "power-cycle":
      return foldReboot(draft, result, command.purpose);
  }
}

/**
 * Who may log in to the BMC: learnt where nobody has used the node, or an operator has given it back. After a use it is the
 * same, or the node is kept out: a load changes nothing there (issue: what a user could have changed outside the disk).
 */
function foldAccounts(draft: Draft, { results }: CommandResult): Fault | null {
  const seen = results.findLast(({ observed }) => observed?.bmcAccounts !== undefined)?.observed?.bmcAccounts;
  if (seen === undefined) return null;
  const { bmcAccounts: known, disk } = draft.node;
  if (known === null || (disk.taint === null && jobOf(draft.node)?.program === "inspect")) {
    draft.node = { ...draft.node, bmcAccounts: seen };
    return null;
  }
  const changes = [
    ...seen.filter((name) => !known.includes(name)).map((name) => `${name} has an account on the BMC now`),
    ...known.filter((name) => !seen.includes(name)).map((name) => `${name} has none any more`),
  ];
  if (changes.length === 0) return null;
  const message = `${changes.join("; ")}: put it right there, then give the node back`;
  return nodeFault("bmc-accounts-changed", message);
}

/** Only its own word counts: a refusal of the fence says nothing about what it was to end. */
function foldFence(draft: Draft, { status }: CommandResult): void {
  if (status !== "completed") {
    draft.notes.push(`the fence was ${status} by the agent: waiting until everything must have ended`);
    return;
  }
  setJob(draft, { command: null, retryAt: draft.context.now });
  draft.notes.push("the agent has ended what was under way");
  handsOff(draft);
}

/** A command ends with the first action that fails, unless that one may: so the last fault is what ended it. */
const faultOf = (result: CommandResult): Fault =>
  result.results.findLast(({ fault }) => fault !== undefined)?.fault ??
  nodeFault("command-failed", result.reason ?? "the command failed without a reason");

function foldStepAnswer(draft: Draft, result: CommandResult, command: Outstanding): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const at = result.endedAt;
  switch (result.status) {
    case "completed":
      draft.notes.push(`the agent carried out ${command.actions.map(({ verb }) => verb).join(", ")}`);
      setJob(draft, {
        evidence: { ...job.evidence, ...osOf(result), answer: { status: "completed", fault: null, at } },
      });
      return;
    case "failed":
      setJob(draft, {
        evidence: { ...job.evidence, answer: { status: "failed", fault: faultOf(result), at } },
      });
      draft.notes.push(`the agent's command failed: ${faultOf(result).message}`);
      return;
    // Nothing was touched, or it is not known what was: the step begins by observing, so it is begun anew.
    case "expired":
    case "refused":
    case "aborted":
    case "unknown":
      return again(draft, {
        class: "infrastructure",
        code: `command-${result.status}`,
        message: `command ${result.command} ended as ${result.status}: ${result.reason ?? "no reason given"}`,
      });
  }
}

/** A build system's own word on the installation that it was asked about; its “done” is what a verified write is elsewhere. */
function foldBuild(draft: Draft, build: BuildReport): void {
  const job = jobOf(draft.node);
  const known = [job === null ? null : installationOf(job), draft.node.disk.installation];
  if (job === null || !known.includes(build.installation)) return;
  const before = job.evidence.build?.sign ?? null;
  setJob(draft, { evidence: { ...job.evidence, build } });
  // The first thing that it says in a step is no news: the step's clocks have just begun.
  if (build.sign !== null && before !== null && build.sign !== before) {
    draft.notes.push(`the build system says: ${build.sign}`);
    signOfLife(draft);
    rewind(draft);
  }
  if (build.result === "done" && job.stage === "capture" && build.captured !== undefined) {
    const captured = { installation: installationOf(job), ...build.captured };
    setJob(draft, { evidence: { ...job.evidence, build, captured } });
    draft.notes.push("the build system says that it has an image of what the node holds");
    return;
  }
  if (build.result !== "done" || job.stage !== "load" || job.target === null) return;
  foldInstalled(draft, job.target, "the build system says that all of the disk was replaced");
  draft.evidence = `the build system's word on installation ${build.installation}`;
}

/** What tests of the machine say of their own run; how far they are is a sign of life. */
function foldTest(draft: Draft, test: TestReport): void {
  const job = jobOf(draft.node);
  if (job === null || test.run !== installationOf(job)) return;
  const before = job.evidence.test;
  if (before !== undefined && before.result !== "waiting") return;
  setJob(draft, { evidence: { ...job.evidence, test } });
  if (test.result !== "waiting")
    draft.notes.push(
      `the tests of the machine ${test.result}${test.findings.map((each) => `; ${each}`).join("")}`,
    );
  if (test.sign === null || before === undefined || before.sign === test.sign) return;
  draft.notes.push(`the tests of the machine say: ${test.sign}`);
  signOfLife(draft);
  rewind(draft);
}

const osOf = (result: CommandResult) => {
  const os = result.results.findLast(({ observed }) => observed?.os !== undefined)?.observed?.os;
  return os === undefined ? {} : { os };
};

function foldLook(draft: Draft, result: CommandResult, { issuedAt }: Outstanding): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const { now, policy } = draft.context;
  const silence = now - issuedAt;
  if (silence > policy.silentMs) {
    // Whatever the node did meanwhile, nobody was there to hear it: it gets its time again before it is judged.
    const { noProgressMs, overallBy } = job.clocks;
    setJob(draft, {
      clocks: { noProgressMs, noProgressBy: after(now, noProgressMs), overallBy: after(overallBy, silence) },
    });
    draft.notes.push(`its lab was silent for ${spanText(silence)}: its clocks stood still`);
    return;
  }
  const seen = result.results.map(({ observed }) => observed);
  const power = seen.findLast((each) => each?.power !== undefined)?.power ?? "unknown";
  if (power === "unknown") return foldBlindLook(draft, result);
  setJob(draft, {
    correction: {
      ...job.correction,
      observation: {
        power,
        at: draft.context.now,
        console: seen.findLast((each) => each?.console !== undefined)?.console ?? [],
      },
    },
  });
  draft.notes.push(
    `looked again: power ${power}${result.status === "failed" ? `, ${faultOf(result).message}` : ""}`,
  );
}

/** Nothing above looking again is done to a node that could not be looked at, whatever the reason. */
function foldBlindLook(draft: Draft, result: CommandResult): void {
  const { now, policy } = draft.context;
  let until = after(now, policy.blind.retryMs);
  if (result.status === "completed" || result.status === "failed") {
    const waiting = waitBlindly(draft);
    if (waiting.verdict === "give up") return giveUp(draft, faultOf(result));
    until = waiting.until;
  } else {
    draft.notes.push(`looking again was ${result.status} by the agent: asked anew`);
  }
  const job = jobOf(draft.node);
  if (job !== null) setJob(draft, { correction: { ...job.correction, budgetAt: until } });
}

function foldReboot(draft: Draft, result: CommandResult, purpose: "reset" | "power-cycle"): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  if (result.status === "completed") {
    draft.notes.push(`${purpose} done and read back: waiting for signs of life again`);
    setOperation(draft, {
      phase: "firmware",
      at: result.endedAt,
      boot: null,
      installation: null,
      osBoot: null,
    });
    return rewind(draft);
  }
  draft.notes.push(`${purpose} ended as ${result.status}: ${result.reason ?? faultOf(result).message}`);
}

function foldObserved(draft: Draft, observed: Observed, at: Instant): void {
  const { power, address, bios } = observed;
  if (bios !== undefined) foldBios(draft, bios, at);
  if (power !== undefined) {
    const { observed: before, at: readAt } = draft.node.power;
    if (before !== "unknown" && power !== before && jobOf(draft.node)?.program === "inspect")
      draft.notes.push(
        `its power is ${power}: it was ${before} when it was read ${spanText(at - readAt)} ago`,
      );
    draft.node = { ...draft.node, power: { observed: power, at } };
    const { phase } = draft.node.operation;
    if (power === "off" && phase !== "off") {
      setOperation(draft, { phase: "off", at, boot: null, installation: null, osBoot: null });
    } else if (power === "on" && phase === "off") {
      setOperation(draft, { phase: "firmware", at, boot: null, installation: null, osBoot: null });
    }
  }
  if (address !== undefined) {
    const known = draft.node.address?.value ?? null;
    if (known !== null && known !== address)
      draft.notes.push(`its address is ${address}: it was ${known} when it was read before`);
    draft.node = { ...draft.node, address: { value: address, at: draft.context.now } };
  }
}

type Seen = Pick<Operation, "phase" | "boot" | "installation" | "osBoot"> & { at: Instant };

function setOperation(draft: Draft, seen: Seen): void {
  const { operation } = draft.node;
  if (seen.at < operation.evidenceAt) return;
  const { at, ...rest } = seen;
  const same =
    operation.phase === rest.phase &&
    operation.boot === rest.boot &&
    operation.installation === rest.installation &&
    operation.osBoot === rest.osBoot;
  draft.node = {
    ...draft.node,
    operation: { ...rest, evidenceAt: at, since: same ? operation.since : draft.context.now },
  };
}

export function foldBeacon(draft: Draft, beacon: Beacon): void {
  const job = jobOf(draft.node);
  const writing = job?.boot ?? null;
  const own = draft.node.disk.installation;
  // A capture reads by a network boot of its own; the system on the disk stays who it was.
  const reads = job?.program === "capture" && beacon.boot === null;
  const current = job !== null && writing !== null && !reads ? installationOf(job) : own;
  if (beacon.installation !== current) return;
  if (beacon.boot !== null && beacon.boot !== writing) return;
  const { now } = draft.context;
  const before = draft.node.operation;
  const { phase, boot, installation, osBoot = null } = beacon;
  setOperation(draft, { phase, at: beacon.at, boot, installation, osBoot });
  const { operation } = draft.node;
  if (
    operation.phase !== before.phase ||
    operation.boot !== before.boot ||
    operation.osBoot !== before.osBoot
  ) {
    draft.notes.push(arrival(phase, boot !== null, before, now));
    draft.evidence =
      boot === null
        ? `beacon of the system that installation ${installation} wrote`
        : `beacon of boot ${boot}`;
    signOfLife(draft);
    rewind(draft);
  }
  if (job !== null && beacon.verified !== undefined && boot !== null)
    foldVerified(draft, beacon.verified.sha256, beacon);
  if (job?.program === "capture" && beacon.captured !== undefined) foldCaptured(draft, beacon.captured);
  if (job !== null && beacon.installed === true && boot !== null) foldInstaller(draft, boot);
  if (beacon.tested !== undefined && boot !== null)
    foldTest(draft, { ...beacon.tested, run: beacon.installation, sign: null });
  if (beacon.fault !== undefined && boot !== null) foldFault(draft, beacon.fault);
  // Nobody is to be sent to a system of which it is not proved that it is what was wanted (R30).
  const { disk } = draft.node;
  const proved = disk.revision !== null && disk.installation === installation;
  if (phase === "run" && beacon.address !== undefined && beacon.at >= before.evidenceAt && proved) {
    if (draft.node.address?.value !== beacon.address) draft.notes.push(`its address is ${beacon.address}`);
    draft.node = { ...draft.node, address: { value: beacon.address, at: now } };
  }
  if (beacon.login !== undefined) foldLogin(draft, beacon.login.user);
}

/** How the new phase is told: `in kernel, 12 s after firmware`. */
function arrival(phase: Phase, fromNetwork: boolean, before: Operation, now: Instant): string {
  const asks =
    phase === "firmware"
      ? `its firmware asks for ${fromNetwork ? "the network boot" : "its boot"}`
      : `in ${phase}`;
  return before.phase === "unknown" || before.phase === phase
    ? asks
    : `${asks}, ${spanText(now - before.since)} after ${before.phase}`;
}

function foldVerified(draft: Draft, sha256: string, beacon: Beacon): void {
  const job = jobOf(draft.node);
  if (job === null || job.target === null || job.evidence.verified === beacon.installation) return;
  foldInstalled(draft, job.target, "every byte of the image was read back from the disk");
  draft.evidence = `checksum ${sha256.slice(0, 12)}… read back from the disk`;
}

function foldInstaller(draft: Draft, boot: BootId): void {
  const job = jobOf(draft.node);
  if (job === null || job.target === null || job.evidence.verified === installationOf(job)) return;
  foldInstalled(draft, job.target, "the installer says that all of the disk was replaced");
  draft.evidence = `the installer's word under boot ${boot}`;
}

/** Everything on the disk was replaced: whatever a user left is gone. */
function foldInstalled(draft: Draft, { image, revision }: Target, proof: string): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const installation = installationOf(job);
  setJob(draft, { evidence: { ...job.evidence, verified: installation } });
  draft.node = { ...draft.node, disk: { image, revision, installation, taint: null } };
  certify(draft, "written", [proof]);
  draft.notes.push(`revision ${revision} is on the disk`);
}

function foldCaptured(draft: Draft, content: ImageContent): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const installation = installationOf(job);
  if (job.evidence.captured?.installation === installation) return;
  setJob(draft, { evidence: { ...job.evidence, captured: { installation, content } } });
  draft.notes.push(`${content.sizeBytes} bytes of its disk are in the image store`);
  draft.evidence = `checksum ${content.sha256.slice(0, 12)}… on both sides`;
}

function foldFault(draft: Draft, fault: Fault): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const { fault: known } = job.evidence;
  if (known?.code === fault.code && known.message === fault.message) return;
  setJob(draft, { evidence: { ...job.evidence, fault } });
  draft.notes.push(`the node reports: ${fault.message}`);
}

function foldLogin(draft: Draft, user: string): void {
  const { taint } = draft.node.disk;
  if (taint === null || taint.user !== user || taint.loggedInAt !== null) return;
  draft.node = {
    ...draft.node,
    disk: { ...draft.node.disk, taint: { ...taint, loggedInAt: draft.context.now } },
  };
  draft.notes.push(`${user} logged in`);
  draft.tellReservation = true;
}
