/** docs/correction.md, from the default policy. */
import { defaultChannelMs } from "../../core/correction/os-profiles.ts";
import { defaultPolicy, type Rung } from "../../core/correction/policy.ts";
import { spanText } from "../../core/time.ts";
import { page, table } from "./markdown.ts";

const rungs: Readonly<Record<Rung, readonly [does: string, costs: string]>> = {
  "look-again": ["reads power and the last lines of the console; they are kept as evidence", "nothing"],
  reset: ["resets the machine; one that is off is power-cycled instead", "a token of the lab's budget"],
  "power-cycle": ["off, proved off, on, proved on: one command", "a token of the lab's budget"],
  "load-again": [
    "loads it anew. In `check` and `sanitize` that is the first load of this job; everywhere else it is the next install attempt, and after the last one the node is quarantined",
    "a token of the lab's budget, and an install attempt everywhere but in `check` and `sanitize`",
  ],
  quarantine: [
    "takes the node out with its reason and opens a blocking issue in its hardware log; its reservation gets another node or fails with the reason",
    "the node, until an operator gives it back",
  ],
};

const { ladder, build, os, osOverallMs, command, budget, reservation } = defaultPolicy;
const { blind, silentMs, abandonMs } = defaultPolicy;
const { connectWithinMs } = reservation;
const { installAttempts, infrastructureFaults, infrastructureRetryMs } = defaultPolicy;

const byAttempt = (limits: readonly number[] | undefined): string =>
  limits === undefined ? "–" : limits.map(spanText).join(", then ");

const profiles = Object.entries(os).map(([name, { firmware, kernel, init, channel, overall }]) => [
  `\`${name}\``,
  ...[firmware, kernel, init].map(byAttempt),
  byAttempt(channel ?? [defaultChannelMs]),
  byAttempt(overall ?? [osOverallMs]),
]);

export const correctionPage = (): string =>
  page(
    "What is done about a late node",
    "the default policy in `lib/core/correction/policy.ts`",
    "A node that waits for something has two clocks: *no progress*, which any sign of life winds up again, and *overall*, which nothing does. When either has run out the node is late, and it climbs the ladder of its stage from left to right, one rung at a time. All of it is data: a deployment may set its own.",
    "## The ladder",
    table(
      ["stage", "ladder"],
      Object.entries(ladder).map(([stage, steps]) => [stage, steps.join(" → ")]),
    ),
    table(
      ["rung", "what it does", "what it costs"],
      Object.entries(rungs).map(([rung, [does, costs]]) => [rung, does, costs]),
    ),
    [
      "- Nothing above `look-again` is done without an observation that the agent made *after* the deadline: an outage that nobody has noticed yet costs a node nothing.",
      "- During a load there is no reset: in the middle of a write it would boot a half-written disk. The load's own steps (off, proved off, network boot allowed anew, on) are its power cycle.",
      "- A node that is lively but past its overall limit is not rebooted where it is: it is loaded again.",
      "- A node that somebody uses, or that an operator took offline, is never touched.",
      "- What was seen before a reboot (the console's last lines, power, phase, step, the last commands) is kept in the node's hardware log, whatever comes of it.",
      "- Each reboot takes its token in the very transaction that decides it.",
    ].join("\n"),
    "## When the lab is suspect, not its nodes",
    [
      `When ${Math.round(100 * budget.suspectShare)} % of a lab's nodes, and at least ${budget.suspectAtLeast}, are found late within ${spanText(budget.windowMs)}, or when the tokens are spent, what they have in common is more likely to be broken than they are. Correction is then on probation: one node is corrected, each that comes back doubles how many may be tried, each that does not halves it, never below one in ${spanText(budget.intervalMs)}. So a power blip that hangs everything is repaired within minutes, and a broken switch costs one reboot now and then.`,
      `A node whose BMC does not answer is not rebooted, not loaded and not blamed: it is asked again every ${spanText(blind.retryMs)}, and given up after ${spanText(blind.giveUpMs)} only if neither its lab nor its power domain is suspect; else after ${spanText(blind.atMostMs)}. A power domain is what shares one BMC or PDU: it is suspect as soon as two of its nodes cannot be asked within ${spanText(budget.windowMs)}, because what they share does not answer. It is told of once, raises the alarm \`lab-suspect\`, and is believed again when it answers for any of them.`,
      `An answer that took longer than ${spanText(silentMs)} means that the lab was silent: the clocks of its nodes stood still meanwhile, and each is looked at again before anything is done. A silent lab stands for its nodes: nobody looks at them and nothing is sent to it until one of its controllers is back; then the overdue ones are looked at first. What is no longer wanted then is not sent again: a command that has expired is made anew, with a new epoch, only by a step that still wants it. After ${spanText(abandonMs)} without a word a lab is abandoned: what its nodes were to do ends with the cause \`lab-abandoned\`.`,
    ].join("\n\n"),
    "## How long",
    table(
      ["what", "how long", "why"],
      [
        [
          "firmware, until the network boot shows",
          spanText(build.firmwareMs),
          "servers take two to eight minutes with all option ROMs on",
        ],
        ["no byte written", spanText(build.noProgressMs), "a disk that takes no byte for so long takes none"],
        ["a write in all", spanText(build.overallMs), "however lively it is"],
        [
          "from verified bits to the first sign of the disk's own kernel",
          spanText(build.diskBootMs),
          "one more pass through firmware",
        ],
        ["a command that has not begun", spanText(command.notAfterMs), "the agent refuses it after that"],
        [
          "a command that runs",
          spanText(command.runMs),
          "the agent then ends what still runs, and says that the outcome is unknown",
        ],
        [
          "no word about a command",
          `${spanText(command.sendAgainMs)}, doubling up to ${spanText(command.sendAgainAtMostMs)}`,
          "the same command is sent again; the agent knows it by its id and does nothing twice",
        ],
        [
          "a reservation whose nodes are not ready",
          spanText(reservation.readyWithinMs),
          "it fails then, with its reason",
        ],
        [
          "a reservation that is not at rest",
          spanText(reservation.lookAgainMs),
          "it is looked at this often even if every message is lost",
        ],
        [
          "a user who has not logged in since the hand-over",
          connectWithinMs === null ? "for ever" : spanText(connectWithinMs),
          "the reservation ends with the cause `never-connected`, its nodes are taken back, and he is told by letter where he has named an address",
        ],
        [
          "the warning before a reservation's end",
          spanText(reservation.warnBeforeMs),
          "in the middle of one that is not twice as long; an extended one is warned of anew",
        ],
        [
          "the age of a node's address at hand-over",
          spanText(reservation.addressFreshMs),
          "one that was read longer ago is read again",
        ],
      ],
    ),
    "How long an operating system may take, by family and version, and by install attempt: the last span holds for all later ones, since a second try gets more time before it is given up. `init` of Windows is Sysprep's mini-setup; `channel` is from “it runs” until SSH or WinRM answers. A version that is not named has its family's. Raising one changes no other:",
    table(["system", "firmware", "kernel", "init", "channel", "in all"], profiles),
    "“Ten minutes in kernel: it hung, reboot it” is Chiba City's own rule; here it is a number in a table.",
    "## How often",
    table(
      ["what", "how often", "why"],
      [
        [
          "install attempts of one job",
          `${installAttempts}, then the node is given up`,
          "what fails twice by chance is rare; what fails three times has a cause that a fourth does not mend, and each costs a user up to an hour",
        ],
        [
          "faults that are not the node's",
          `waited out up to ${infrastructureFaults} times, ${spanText(infrastructureRetryMs)} apart; then the job fails and the node is not blamed`,
          "restarting an agent, a switch or an image store takes minutes, not seconds",
        ],
        [
          "corrective reboots of a lab",
          `${budget.capacity} at once, and one more every ${spanText(budget.refillMs)}`,
          "one PDU strip that trips takes down 16 to 24 nodes: that many may be mended at once. 120 an hour afterwards is more than single nodes ever need, and too few for a circuit or a boot server to feel",
        ],
        [
          "the share of late nodes that makes a lab suspect",
          `${Math.round(100 * budget.suspectShare)} %, at least ${budget.suspectAtLeast}, within ${spanText(budget.windowMs)}`,
          "by themselves, nodes hang a few in a thousand boots: a quarter within minutes has one cause. In a small lab a quarter may be one or two, which is chance, so five. What has one cause shows in one ladder's look and the next: five minutes",
        ],
        [
          "tries in a suspect lab",
          `one in ${spanText(budget.intervalMs)}, twice as many after each success`,
          "a reboot shows within ten minutes whether it has helped (firmware and kernel); doubling mends forty nodes in six rounds, and a dead switch costs six reboots an hour",
        ],
        [
          "a BMC that does not answer",
          `asked every ${spanText(blind.retryMs)}; ${spanText(blind.giveUpMs)}, or ${spanText(blind.atMostMs)} while its lab or power domain is suspect`,
          "a BMC restarts in one to three minutes; whoever has to drive to a site and change a PDU needs a day",
        ],
        [
          "a lab without a word",
          `its clocks stand still after ${spanText(silentMs)}; abandoned after ${spanText(abandonMs)}`,
          "an answer takes seconds, and a controller restarts within two minutes; a site that is closed over a long weekend is not gone",
        ],
      ],
    ),
    "## The watchdogs",
    "Each runs every minute, looks at 200 labs at most, begins where its last tick stopped, and may run twice at once. It wakes whoever is overdue and decides nothing itself; what it saw and did is one line of its log. `stuck-nodes` wakes 100 nodes of every lab first, the oldest deadlines first, then more of the labs that have more, 5,000 in all: so no lab waits for another. `reservations` does the same for reservations, `labs` asks SSM who can be reached, `commands` reads what SSM kept of answers that were not reported, `power-drift` has the power of nodes at rest read, 20 a tick. With every timer lost a late node is found by the next tick: within two minutes.",
    'A lab with `"correction": {"mode": "observe"}` in its file is only watched: the timeline says what would have been done, and `GET /v1/labs/{id}/correction` compares that with what came of each node without it.',
    "## Who pays for a fault",
    table(
      ["class", "for example", "what follows"],
      [
        [
          "node",
          "it hangs in its kernel, its BMC refuses, what is on its disk is not what was written",
          "it costs the node an install attempt",
        ],
        [
          "infrastructure",
          "lab controller, network, image store",
          "it is waited out, with a count of its own; when that is spent, as below",
        ],
        [
          "configuration",
          "an image or a secret is missing, or damaged",
          "the job ends at once; the node is not to blame and is free again, unless a user may have been on it: then it is kept out",
        ],
      ],
    ),
  );
