import { expect, test } from "vitest";
import { branded, isImageId, isRevisionId } from "../../lib/core/ids.ts";
import type { Image, ImageRevision } from "../../lib/core/image.ts";
import { outdated } from "../../lib/core/retention.ts";
import { instant } from "../../lib/core/time.ts";
import { image as sample } from "./world.ts";

const dayMs = 86_400_000;
const now = instant(1000 * dayMs);
const revision = (name: string, ageDays: number, change: Partial<ImageRevision> = {}): ImageRevision => ({
  ...sample,
  revision: branded(isRevisionId, `demo:${name}`),
  registeredAt: instant(now - ageDays * dayMs),
  ...change,
});
const image = (keep: Image["keep"]): Image => ({
  id: branded(isImageId, "demo"),
  version: 1,
  production: branded(isRevisionId, "demo:production"),
  retired: null,
  ...(keep === undefined ? {} : { keep }),
});
const all = [
  revision("production", 900),
  revision("old", 400),
  revision("older", 500),
  revision("young", 3),
  revision("new", 70),
];
const names = (revisions: readonly ImageRevision[]): string[] =>
  revisions.map((each) => each.revision.slice(5));

test("without a policy of its own no revision of an image is ever collected", () => {
  expect(outdated(image(undefined), all, now)).toEqual([]);
  expect(outdated(image(null), all, now)).toEqual([]);
});

test("what is old and more than is kept goes, the oldest first; production never, however old", () => {
  expect(names(outdated(image({ revisions: 0, days: 60 }), all, now))).toEqual(["older", "old", "new"]);
  expect(names(outdated(image({ revisions: 2, days: 60 }), all, now))).toEqual(["older", "old"]);
  expect(names(outdated(image({ revisions: 0, days: 1 }), all, now))).not.toContain("production");
  expect(names(outdated(image({ revisions: 10, days: 1 }), all, now))).toEqual([]);
});

test("what has no bytes in an image store, or was collected, is nothing to collect", () => {
  const collected = { at: now, askedAt: null, removedFrom: [] };
  const given = [revision("wrapped", 400, { content: null }), revision("gone", 400, { collected })];
  expect(outdated(image({ revisions: 0, days: 1 }), given, now)).toEqual([]);
});
