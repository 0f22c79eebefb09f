/** docs/states.md, from the table of transitions. */
import type { ProvisionState } from "../../core/node/node.ts";
import { atRest, diagram, transitions } from "../../core/node/states.ts";
import { code, page, table } from "./markdown.ts";

/** In the order of a node's life. */
const meanings: Readonly<Record<ProvisionState, string>> = {
  unidentified:
    "known from a lab file, but not by its interfaces: its machine has yet to be found; nothing is built on it",
  enrolled: "known from a lab file, or given back; its BMC is asked before anybody can have the node",
  available: "free for the next reservation or job",
  reserved: "belongs to a reservation; nothing has been done to it yet",
  loading: "its disk is being written and verified, by the image's build system",
  configuring: "its operating system comes up and is made ready, by the image's OS module",
  "in-use": "handed over to the reservation's user; correction never touches it",
  capturing:
    "what is on its disk is being made an image of; its user goes on working afterwards, whatever comes of it",
  reclaiming: "its reservation is over; it is being proved that nobody had logged in",
  maintenance: "an operator has it",
  retired: "taken out of use for good; kept for its history",
  quarantined: "could not be repaired, with the reason on record; a person has to look at it",
};
const isState = (text: string): text is ProvisionState => text in meanings;
const inLife = Object.keys(meanings).filter(isState);

const next = (state: ProvisionState): string =>
  transitions.flatMap(({ from, to }) => (from === state ? [to] : [])).join(", ");

export const statesPage = (): string =>
  page(
    "The states of a node",
    "the table of transitions in `lib/core/node/states.ts`",
    "A node is in one provision state at a time, and changes it only by a transition of the table below, each with an entry in the node's timeline. Green states are at rest: nothing is being done to the node. Every other state carries a deadline, so that a node that is late is noticed even when every message about it is lost.",
    code("mermaid", diagram()),
    "## States",
    table(
      ["state", "meaning", "at rest", "next"],
      inLife.map((state) => [
        state,
        meanings[state],
        atRest[state] ? "yes" : "no: it has a deadline",
        next(state),
      ]),
    ),
    "## Transitions",
    table(
      ["from", "to", "because"],
      inLife.flatMap((state) =>
        transitions.filter(({ from }) => from === state).map(({ from, to, because }) => [from, to, because]),
      ),
    ),
    "## What is tracked beside it",
    table(
      ["what", "values", "meaning"],
      [
        [
          "administrative state",
          "online, offline",
          "independent of all others, with who, why and since; an offline node is tracked, never handed out, and never touched: its clocks stand still",
        ],
        [
          "operational phase",
          "off, firmware, build, kernel, init, run, unknown",
          "what the last evidence says that the machine is doing, with the time of its last change; it follows evidence at all times, also while nobody works on the node",
        ],
      ],
    ),
  );
