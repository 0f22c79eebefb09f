/** Images and their revisions, as they are stored. */
import * as z from "zod";
import { minimumHardware } from "./hardware.ts";
import { policyOverrides } from "./policy.ts";
import {
  at,
  imageId,
  imageSettings,
  jobId,
  keeping,
  labId,
  nodeId,
  osVersion,
  revisionId,
  sha256,
} from "./scalars.ts";

export const storedImage = z.strictObject({
  id: imageId,
  version: z.int().min(1),
  production: revisionId,
  retired: z.string().nullable().default(null),
  keep: keeping.nullable().exactOptional(),
});

export const storedRevision = z.strictObject({
  image: imageId,
  revision: revisionId,
  buildSystem: z.string(),
  osModule: z.string(),
  osVersion: osVersion.exactOptional(),
  content: z.strictObject({ sha256, sizeBytes: z.int().positive() }).nullable(),
  settings: imageSettings.default({}),
  minimum: minimumHardware.exactOptional(),
  overrides: policyOverrides.nullable(),
  registeredAt: at,
  captured: z
    .strictObject({ node: nodeId, job: jobId, from: revisionId, by: z.string(), comment: z.string() })
    .exactOptional(),
  tried: z.strictObject({ node: nodeId, at }).exactOptional(),
  collected: z.strictObject({ at, askedAt: at.nullable(), removedFrom: z.array(labId) }).exactOptional(),
});
