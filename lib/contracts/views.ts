/** What the API tells: nodes, labs, images as people see them. Instants are milliseconds since 1970. */
import * as z from "zod";
import { stages } from "../core/node/node.ts";
import { notices } from "../core/timeline.ts";
import { capacity, minimumHardware } from "./hardware.ts";
import { quota } from "./quota.ts";
import { fault } from "./report.ts";
import { keeping } from "./scalars.ts";
import { actor, provisionState } from "./stored-node.ts";

export const at = z.int().describe("Milliseconds since 1970");
export const some = <T extends z.ZodType>(shape: T) => z.array(shape).readonly();

const biosValue = z.union([z.string(), z.number(), z.boolean()]);

/** RFC 9457. `type` is stable; `detail` says what is wrong and what to do. */
export const problemView = z
  .object({
    type: z.string().describe("Stable: urn:rackwright:problem:<code>"),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("What is wrong, where, and what to do"),
    errors: some(
      z.object({
        pointer: z
          .string()
          .exactOptional()
          .describe("The field of the body, as a JSON pointer: #/roles/0/image"),
        parameter: z.string().exactOptional().describe("The parameter of the query"),
        detail: z.string(),
      }),
    )
      .exactOptional()
      .describe("Each field that is not as it should be"),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemView>;

const capacityView = capacity.extend({ features: some(z.string()) });
export const minimumView = minimumHardware.extend({ features: some(z.string()).exactOptional() });

export const nodeViewShape = z
  .object({
    id: z.string(),
    lab: z.string(),
    class: z.string(),
    tags: some(z.string()),
    capacity: capacityView.nullable().exactOptional().describe("What it has to offer; null: nobody knows"),
    version: z.int(),
    state: provisionState.describe("docs/states.md"),
    last: provisionState.nullable().describe("The state before this one"),
    since: at,
    administrative: z.object({
      state: z.string().describe("online or offline"),
      reason: z.string().nullable(),
      by: z.string().describe("Who set it: operator ada"),
      since: at,
      handsOffAt: at
        .nullable()
        .describe("Of an offline node: since when no hand is on it; null while what ran is being ended"),
    }),
    phase: z.object({ name: z.string(), since: at }),
    power: z.object({ observed: z.string(), at }),
    image: z.string().nullable(),
    revision: z.string().nullable(),
    certificate: z
      .object({
        how: z
          .enum(["written", "sanitized"])
          .describe(
            "written: its whole disk image, read back; sanitized: nobody had been in, and that is proved",
          ),
        image: z.string(),
        revision: z.string(),
        at,
        job: z.string(),
        controller: z.string().nullable().describe("The lab controller that did it"),
        proved: some(z.string()),
      })
      .nullable()
      .describe("What proved it clean last, before its user got it; null: nothing that still holds"),
    reservation: z.string().nullable(),
    job: z
      .object({
        id: z.string(),
        program: z.string(),
        attempt: z.int(),
        step: z.string(),
        awaits: z.string().describe("The evidence that the step awaits"),
        since: at,
        until: at,
        command: z.string().nullable(),
        correcting: z.string().nullable(),
        doneBytes: z.int().nullable(),
        totalBytes: z.int().nullable(),
      })
      .nullable(),
    loan: z
      .object({ to: z.string(), until: at.nullable(), reason: z.string() })
      .nullable()
      .describe("Only this owner or project can reserve it; null: anybody"),
    upkeep: z
      .object({
        to: z.string().describe("maintenance or retired"),
        reason: z.string(),
        until: at.nullable(),
        by: z.string(),
        since: at,
      })
      .nullable()
      .describe("Nobody new gets it: it is kept out, or will be as soon as whoever has it is done"),
    bios: z
      .object({
        profile: z.string(),
        at,
        drift: some(z.object({ name: z.string(), wanted: biosValue, found: biosValue.nullable() })).describe(
          "Attributes that are not as the profile wants them; `found` is null where the firmware knows none of that name",
        ),
      })
      .nullable()
      .describe("What was read of its firmware last, against its profile; null: nothing was"),
    correctiveReboots: z.int(),
    openIssues: some(z.string()).describe("While there is one, nobody gets the node"),
    fault: z.string().nullable(),
  })
  .meta({ id: "Node" });
export type NodeView = z.infer<typeof nodeViewShape>;

export const labViewShape = z
  .object({
    id: z.string(),
    nodes: z.int(),
    correction: z.string().describe("act or observe"),
    controllers: some(z.object({ id: z.string(), state: z.enum(["reachable", "silent", "never reported"]) })),
    late: some(z.string()).describe("Nodes found late within the window of docs/correction.md"),
    tokens: z.int().describe("Corrections that it has left"),
    suspect: z
      .object({ since: at, allowance: z.int(), onProbation: some(z.string()) })
      .nullable()
      .describe("The lab is taken for the cause of its nodes' lateness"),
  })
  .meta({ id: "Lab" });
export type LabView = z.infer<typeof labViewShape>;

export const consoleView = z
  .object({
    node: z.string(),
    lines: some(z.object({ at, text: z.string() })).describe("In order; control characters are left out"),
    readAt: at.nullable().describe("When the lab controller told lines last; null: not yet"),
    after: z.int().describe("For the next question"),
  })
  .meta({ id: "Console" });
export type ConsoleView = z.infer<typeof consoleView>;

export const timelineView = z
  .object({
    sequence: z.int().describe("1, 2, 3 … without a gap"),
    at,
    actor,
    from: z.string(),
    to: z.string(),
    phase: z.string().nullable(),
    why: z.string(),
    evidence: z.string().nullable(),
    reservation: z.string().nullable(),
    job: z.string().nullable(),
    attempt: z.int().nullable(),
    command: z.string().nullable(),
    correction: z.string().nullable(),
    proposed: z.string().nullable().describe("What correction would have done, in a lab that only observes"),
    notice: z
      .enum(notices)
      .exactOptional()
      .describe("What its user is to be told, where the state has not changed"),
    cause: z.string().exactOptional().describe("The code of the fault that it ended with"),
  })
  .meta({ id: "TimelineEntry" });

export const issueView = z
  .object({
    id: z.string(),
    node: z.string(),
    lab: z.string(),
    version: z.int(),
    state: z.enum(["open", "closed"]),
    blocking: z.boolean(),
    fault,
    evidence: some(z.string()),
    openedAt: at,
    openedBy: actor,
    closedAt: at.nullable(),
    closedBecause: z.string().nullable(),
  })
  .meta({ id: "Issue" });

export const jobView = z
  .object({
    id: z.string(),
    kind: z.string(),
    node: z.string().nullable(),
    requestedBy: actor,
    requestedAt: at,
    state: z.enum(["accepted", "done", "failed", "abandoned"]),
    cause: fault.nullable(),
    endedAt: at.nullable(),
    revision: z.string().exactOptional().describe("What a capture has made"),
  })
  .meta({ id: "Job" });

export const imageView = z
  .object({
    id: z.string(),
    version: z.int(),
    production: z.string().describe("The revision that is loaded"),
    retired: z.string().nullable().describe("Why nobody can reserve it any more; null: everybody can"),
    keep: keeping.nullable().exactOptional().describe("Which old revisions are kept; null: all of them"),
  })
  .meta({ id: "Image" });

const counted = {
  handedOver: z.int().describe("Nodes handed over"),
  withoutLoad: z.int().describe("Among them: the image was running already"),
  share: z.number().nullable().describe("The hit rate: the one by the other"),
};

export const readinessView = z
  .object({
    class: z.string(),
    ...counted,
    images: some(
      z.object({
        image: z.string(),
        ...counted,
        readyWithinMs: z.int().nullable().describe("A load, as a rule; null: too few were seen"),
        stages: z
          .partialRecord(
            z.enum(stages),
            z.object({ count: z.int(), meanMs: z.number(), deviationMs: z.number() }).readonly(),
          )
          .readonly(),
      }),
    ),
  })
  .meta({ id: "Readiness" });
export type ReadinessView = z.infer<typeof readinessView>;

export const proposalView = z
  .object({
    node: z.string(),
    at,
    phase: z.string().nullable(),
    would: z.string(),
    times: z.int(),
    outcome: z.string(),
    afterMs: z.int().nullable(),
  })
  .meta({ id: "Proposal" });

export const answerView = z
  .object({
    question: z.string(),
    answer: z.string(),
    evidence: z.string().nullable().describe("What it is known by"),
    until: at.nullable().describe("When it will be looked at again, or given up, at the latest"),
  })
  .meta({ id: "Answer" });

export const recordView = z
  .looseObject({
    schema: z.string().describe("`rackwright.record/1`"),
    at,
    timeline: some(z.looseObject({})).describe("The latest entries, oldest first"),
    earlierEntries: z.int().describe("So many came before those"),
  })
  .meta({ id: "FlightRecord" })
  .describe(
    "Beside these everything that is stored of the node, as it is stored: it changes with the version",
  );

export const revisionView = z
  .object({
    image: z.string(),
    revision: z.string(),
    buildSystem: z.string(),
    osModule: z.string(),
    osVersion: z.string().exactOptional(),
    content: z.object({ sha256: z.string(), sizeBytes: z.int() }),
    minimum: minimumView.exactOptional().describe("What a machine must at least have for it"),
    registeredAt: at,
    captured: z
      .object({
        node: z.string(),
        job: z.string(),
        from: z.string().describe("The revision that the node had been loaded with"),
        by: z.string(),
        comment: z.string(),
      })
      .exactOptional()
      .describe("It was made of a node"),
    tried: z
      .object({ node: z.string(), at })
      .exactOptional()
      .describe("The first other node that came up with it: it may become production"),
    collected: z
      .object({ at, askedAt: at.nullable(), removedFrom: some(z.string()) })
      .exactOptional()
      .describe("Nobody can have it any more: the labs whose image store has removed its bytes"),
  })
  .meta({ id: "Revision" });

export const projectView = z
  .object({
    id: z.string(),
    version: z.int(),
    members: some(z.string()),
    quota,
    live: some(z.string()).describe("Its reservations that may not be over yet"),
  })
  .meta({ id: "Project" });

export const availabilityView = z
  .object({
    classes: some(
      z.object({
        class: z.string(),
        free: z
          .int()
          .describe(
            "So many nodes the caller can have at once for that long: not lent to others, nor promised to them. Counted up to 20, of a class that is named up to 100",
          ),
        soonest: at
          .nullable()
          .describe(
            "From when on there are as many as were asked for; null: no class was named, or there never are as many",
          ),
      }),
    ),
    images: some(z.string()),
  })
  .meta({ id: "Availability" });
export type AvailabilityView = z.infer<typeof availabilityView>;
