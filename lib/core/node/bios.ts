/** What was read of a node's firmware, held against its profile; what differs stands in its hardware log until it does not. */
import { branded, isIssueId } from "../ids.ts";
import { biosProfileOf, driftText } from "../provisioning/bios.ts";
import type { Instant } from "../time.ts";
import type { Draft } from "./draft.ts";
import type { Bios, BiosDrift } from "./firmware.ts";

type Read = Readonly<Record<string, string | number | boolean | null>>;

export function foldBios(draft: Draft, read: Read, at: Instant): void {
  const { node, context } = draft;
  const wanted = biosProfileOf(node, context);
  const profile = node.biosProfile;
  if (wanted === null || profile === null) return;
  // By name: a table does not keep the order in which a profile was written.
  const names = Object.keys(wanted.attributes).toSorted();
  const drift = names.flatMap((name): BiosDrift[] => {
    const [want, found] = [wanted.attributes[name], read[name] ?? null];
    // Some firmware tells numbers and switches as words.
    const isSo = want === undefined || (found !== null && String(found) === String(want));
    return isSo ? [] : [{ name, wanted: want, found }];
  });
  const before = node.bios;
  const issue = drift.length === 0 ? null : (before?.issue ?? newIssue(draft));
  draft.node = { ...node, bios: { profile, at, drift, issue } };
  if (JSON.stringify(before?.drift ?? []) === JSON.stringify(drift)) return;
  draft.notes.push(
    drift.length === 0
      ? `its firmware is as profile ${profile} wants it`
      : `its firmware is not as profile ${profile} wants it: ${driftText(drift)}`,
  );
  log(draft, before, draft.node.bios);
}

const newIssue = ({ node, context }: Draft) => ({
  id: branded(isIssueId, `${node.id}.v${node.version}.bios-drift`),
  openedAt: context.now,
});

/** It blocks nothing: a person decides when the machine is set up anew. */
function log(draft: Draft, before: Bios | null, now: Bios | null): void {
  const told = now?.issue ?? before?.issue ?? null;
  const shown = now?.issue === null ? before : now;
  if (told === null || shown === null || now === null) return;
  const isOpen = now.issue !== null;
  draft.issue = {
    id: told.id,
    node: draft.node.id,
    lab: draft.node.lab,
    version: isOpen ? 1 : 2,
    state: isOpen ? "open" : "closed",
    blocking: false,
    fault: {
      class: "configuration",
      code: "bios-drift",
      message: `its firmware is not as profile ${shown.profile} wants it: ${driftText(shown.drift)}`.slice(
        0,
        1000,
      ),
    },
    evidence: shown.drift.map(
      ({ name, wanted, found }) => `${name}: wanted ${String(wanted)}, read ${String(found)}`,
    ),
    openedAt: told.openedAt,
    openedBy: { kind: "engine", name: "bios" },
    closedAt: isOpen ? null : draft.context.now,
    closedBecause: isOpen ? null : "read again, it is as it is to be",
  };
}
