/**
 * Why: what a reservation or a node waits for, and until when, in a sentence that a person understands, with what it was
 * told by. Nothing is guessed: every answer comes from the state and from recorded decisions. Pure.
 */

import { withoutConsole } from "./correction/sighting.ts";
import type { NodeId, ReservationId } from "./ids.ts";
import { type Capacity, lacking, type MinimumHardware, minimumText, suffices } from "./node/hardware.ts";
import { jobOf, type NodeState, reservationOf } from "./node/node.ts";
import { askedText, switchingPrograms } from "./node/programs.ts";
import { type Reservation, wishText } from "./reservation/reservation.ts";
import { type Instant, spanText } from "./time.ts";
import type { TimelineEntry } from "./timeline.ts";

export interface Answer {
  readonly question: string;
  readonly answer: string;
  /** What it is known by; null: by the state itself. */
  readonly evidence: string | null;
  /** When it will be looked at again, or given up, at the latest. */
  readonly until: Instant | null;
}

/** A look changes nothing, and a quarantine is told elsewhere. */
const rebooting: readonly (string | null)[] = ["reset", "power-cycle", "load-again"];
const people: readonly string[] = ["user", "operator", "message"];

/** What somebody has asked for that starts a machine anew or switches it; null: nothing of the kind. */
function switched({ why, actor, at }: TimelineEntry, now: Instant): string | null {
  if (!people.includes(actor.kind)) return null;
  const asked = switchingPrograms
    .map((program) => askedText(program, actor.name))
    .find((text) => why.includes(text));
  return asked === undefined ? null : `${asked}, ${spanText(now - at)} ago`;
}

const correctedText = ({ correction, why, at }: TimelineEntry, now: Instant): string =>
  `${correction}, ${spanText(now - at)} ago: ${why}`;

/** Why a node was started anew while a reservation had it: each time that its timeline tells of, the latest last. */
export function explainReboots(
  node: NodeId,
  reservation: ReservationId,
  entries: readonly TimelineEntry[],
  now: Instant,
): readonly Answer[] {
  return entries
    .filter((entry) => entry.reservation === reservation)
    .flatMap((entry) => {
      const answer = rebooting.includes(entry.correction) ? correctedText(entry, now) : switched(entry, now);
      const question = `why was ${node} rebooted?`;
      return answer === null
        ? []
        : [{ question, answer, evidence: withoutConsole(entry.evidence), until: null }];
    });
}

const waitText = (until: Instant | null, now: Instant): string =>
  until === null ? "" : until > now ? ` (for ${spanText(until - now)} more at most)` : " (due now)";

/** What a node is doing, whom it is for, who keeps it from everybody, and what was done to it last. */
export function explainNode(
  node: NodeState,
  entries: readonly TimelineEntry[],
  now: Instant,
): readonly Answer[] {
  const { provision, administrative, operation, due, openIssues, upkeep } = node;
  const job = jobOf(node);
  const reservation = reservationOf(node);
  const last = entries.at(-1) ?? null;
  const asked = entries.map((entry) => switched(entry, now)).findLast((text) => text !== null);
  const corrected = entries.findLast(({ correction }) => correction !== null && correction !== "look-again");
  return [
    {
      question: "what is it doing?",
      answer:
        job === null
          ? `it is ${provision.state}${reservation === null ? "" : ` for reservation ${reservation}`}; its machine is in ${operation.phase} since ${spanText(now - operation.since)}`
          : `it is ${provision.state}: ${job.step} (attempt ${job.attempt}) awaits ${job.awaits || "its turn"}${waitText(due, now)}`,
      evidence: last?.why ?? null,
      until: due,
    },
    ...(administrative.state === "offline"
      ? [
          {
            question: "why does nobody touch it?",
            answer: `${administrative.actor.kind} ${administrative.actor.name} took it offline ${spanText(now - administrative.since)} ago: ${administrative.reason ?? "no reason given"}`,
            evidence: null,
            until: null,
          },
        ]
      : []),
    ...(upkeep === null
      ? []
      : [
          {
            question: "why does nobody new get it?",
            answer: `${upkeep.actor.kind} ${upkeep.actor.name} ${upkeep.to === "retired" ? "retires it" : "has it for maintenance"}: ${upkeep.reason}${provision.state === upkeep.to ? "" : "; as soon as whoever has it is done"}`,
            evidence: null,
            until: upkeep.until,
          },
        ]),
    ...(provision.state === "quarantined" || openIssues.length > 0
      ? [
          {
            question: "why does nobody get it?",
            answer:
              provision.state === "quarantined"
                ? `it is quarantined: ${provision.fault.message}`
                : `its hardware log has ${openIssues.length} open issues: ${openIssues.join(", ")}`,
            evidence: null,
            until: null,
          },
        ]
      : []),
    ...(corrected === undefined
      ? []
      : [
          {
            question: "why was it corrected last?",
            answer: correctedText(corrected, now),
            evidence: corrected.evidence,
            until: null,
          },
        ]),
    ...(asked === undefined || asked === null
      ? []
      : [{ question: "who had it switched or rebooted last?", answer: asked, evidence: null, until: null }]),
  ];
}

/** Why a reservation is not ready yet, which nodes it has and why these, or how it ended and whose fault that was. */
export function explainReservation(
  reservation: Reservation,
  nodes: readonly NodeState[],
  entries: readonly TimelineEntry[],
  now: Instant,
): readonly Answer[] {
  const { state, cause, outcome } = reservation;
  const last = entries.at(-1)?.why ?? null;
  if (state === "complete" || state === "failed" || state === "reclaim") {
    // What ended one that was served is nobody's fault.
    const blame = cause === null || outcome === "complete" ? "" : ` (${whose[cause.class]})`;
    const fault = cause === null ? "" : `: ${cause.message}${blame}`;
    const how = outcome ?? state;
    const back = state === "reclaim" ? `; ${nodes.map(({ id }) => id).join(", ")} are being taken back` : "";
    return [
      {
        question: "how did it end?",
        answer: `${how}${fault}${back}`,
        evidence: last,
        until: reservation.due,
      },
    ];
  }
  const chosen = nodes.map(({ id }) => id);
  return [
    { question: "is it ready?", ...readiness(reservation, nodes, now), evidence: last },
    ...(chosen.length === 0
      ? []
      : [
          {
            question: "why these nodes?",
            answer:
              entries.findLast(({ why }) => why.includes("claimed"))?.why ?? `it has ${chosen.join(", ")}`,
            evidence: null,
            until: null,
          },
        ]),
  ];
}

/** What nodes of a class have of what is asked for. */
export function explainNeeds(
  nodeClass: string,
  needs: MinimumHardware,
  capacities: readonly (Capacity | null)[],
): Answer {
  const good = capacities.filter((capacity) => suffices(capacity, needs)).length;
  const unknown = capacities.filter((capacity) => capacity === null).length;
  const nearest = capacities
    .map((capacity) => lacking(capacity, needs))
    .toSorted((a, b) => a.length - b.length)[0];
  const lack = nearest === undefined ? "there is none" : `the nearest lacks ${nearest.join(", ")}`;
  return {
    question: "is there a node that has what it needs?",
    answer:
      good > 0
        ? `${good} of ${capacities.length} nodes of class ${nodeClass} have ${minimumText(needs)}`
        : `no node of class ${nodeClass} has ${minimumText(needs)}: ${lack}`,
    evidence: unknown === 0 ? null : `of ${unknown} nodes nobody knows what they have`,
    until: null,
  };
}

const whose = {
  node: "the node's own fault",
  infrastructure: "a fault around the node, not its own",
  configuration: "what was asked for cannot be",
} as const;

function readiness(
  reservation: Reservation,
  nodes: readonly NodeState[],
  now: Instant,
): { answer: string; until: Instant | null } {
  const { state, count, placed, start, end, readyAt, readyBy, nodes: held } = reservation;
  if (state === "reserved" || state === "in-use")
    return {
      answer: `yes, since ${spanText(now - (readyAt ?? now))}; it ends in ${spanText(end - now)}`,
      until: end,
    };
  if (held.length === 0 && placed.length >= count) {
    const when = start > now ? `in ${spanText(start - now)}` : "as soon as they are free";
    return {
      answer: `no: ${placed.join(", ")} ${placed.length === 1 ? "is" : "are"} promised to it, ${when}`,
      until: readyBy,
    };
  }
  if (held.length < count)
    return {
      answer: `no: it has ${held.length} of ${count} nodes of ${wishText(reservation)}`,
      until: readyBy,
    };
  const waiting = nodes.flatMap((node) => {
    const job = jobOf(node);
    return job === null ? [] : [`${node.id} awaits ${job.awaits || "its turn"}`];
  });
  return { answer: `no: ${waiting.join("; ") || "its nodes are being made ready"}`, until: readyBy };
}
