/** The small shapes that every contract is made of. An id that does not parse is refused with what an id may look like. */
import * as z from "zod";
import * as ids from "../core/ids.ts";
import { type Instant, instant } from "../core/time.ts";

/** With what a JSON schema tells of it. */
const id = <Id extends string>(is: (text: string) => text is Id & string, what: string, pattern?: RegExp) =>
  z
    .custom<Id>((value) => typeof value === "string" && is(value), { error: `is not a valid ${what}` })
    .meta({ type: "string", ...(pattern === undefined ? {} : { pattern: pattern.source }) });

export const nodeId = id(
  ids.isNodeId,
  "node id (lower-case letters, digits, dot, dash; at most 63)",
  ids.slug,
);
export const labId = id(ids.isLabId, "lab id (lower-case letters, digits, dot, dash; at most 63)", ids.slug);
export const controllerId = id(
  ids.isControllerId,
  "lab controller id (mi- and 17 hexadecimal digits)",
  /^mi-[0-9a-f]{17}$/,
);
export const reservationId = id(ids.isReservationId, "reservation id", ids.slug);
export const jobId = id(ids.isJobId, "job id (letters, digits, . _ : -; at most 160)", ids.trace);
export const commandId = id(ids.isCommandId, "command id", ids.trace);
export const imageId = id(
  ids.isImageId,
  "image id (lower-case letters, digits, dot, dash; at most 63)",
  ids.slug,
);
export const revisionId = id(ids.isRevisionId, "image revision id", ids.trace);
export const installationId = id(ids.isInstallationId, "installation id", ids.trace);
export const bootId = id(ids.isBootId, "boot id", ids.trace);
export const blockId = id(
  ids.isBlockId,
  "block id (lower-case letters, digits, dot, dash; at most 56)",
  ids.slug,
);
export const projectId = id(
  ids.isProjectId,
  "project id (lower-case letters, digits, dot, dash; at most 63)",
  ids.slug,
);
export const issueId = id(ids.isIssueId, "issue id", ids.trace);
export const machineId = id(ids.isMachineId, "id of a found machine", ids.slug);
export const journalId = id(ids.isJournalId, "journal id (16 hexadecimal digits)");

/** Milliseconds since the epoch, before the year 2500. */
export const at = z
  .int()
  .min(0)
  .max(16_725_225_600_000)
  .transform((value): Instant => instant(value));

export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "is not a SHA-256 checksum in lower-case hexadecimal");
export const mac = z
  .string()
  .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, "is not a MAC address in lower case with colons");
/** The second half of a profile's name in a policy: `2008` of `windows/2008`. */
export const osVersion = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,31}$/, "is not the version of a system");
/** What people write, on one line: shown in terminals and pages, so nothing that moves a cursor or turns text round. */
export const words = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, "holds control characters: plain text on one line is wanted");

/** Names a file that a lab's people keep on the controller: an executable, a distribution, a template. */
export const labFileName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "is not the name of a file on the lab controller");

/** Which revisions of an image are kept beside the production one. */
export const keeping = z.strictObject({
  revisions: z.int().min(0).max(1000).describe("So many of the newest"),
  days: z.int().min(1).max(36_500).describe("All that are younger than so many days"),
});

/** What a build system wants to know of an image. They end up in files and in other tools' hands: printable, on one line. */
export const imageSettings = z
  .record(z.string().regex(/^[a-z][A-Za-z0-9-]{0,31}$/, "is not the name of a setting"), words(1000))
  .refine((settings) => Object.keys(settings).length <= 32, "has more than 32 settings");

export const sentence = z.string().max(2000);

/** One line per issue, each with its path: what a dead letter and a 400 tell. */
export const explain = (error: z.ZodError): string =>
  error.issues
    .map((issue) => `${issue.path.length > 0 ? issue.path.join(".") : "(whole message)"}: ${issue.message}`)
    .join("; ");
