/** What operators ask of nodes, and of groups of them: maintenance, return, retirement. */
import * as z from "zod";
import { at, labId, nodeId, words } from "./scalars.ts";

/** All that is given must fit. */
const scope = z
  .strictObject({
    node: nodeId.exactOptional(),
    lab: labId.exactOptional(),
    class: words(63).exactOptional(),
    rack: words(63).exactOptional(),
    powerDomain: words(128).exactOptional(),
  })
  .refine(
    (given) => Object.keys(given).length > 0,
    "says of nothing: name a node, class, rack, power domain or lab",
  )
  .refine(
    ({ lab, rack, powerDomain, node }) =>
      lab !== undefined || node !== undefined || (rack === undefined && powerDomain === undefined),
    "a rack or a power domain is one of a lab: name the lab too",
  );
export type UpkeepScope = z.infer<typeof scope>;

const common = {
  of: scope.describe("Which nodes: all that is given must fit."),
  reason: words(500),
  next: z
    .string()
    .max(200)
    .nullable()
    .default(null)
    .describe("What the answer before gave as `next`: a large group is gone through some nodes at a time."),
};

export const upkeepBody = z
  .discriminatedUnion("action", [
    z
      .strictObject({
        ...common,
        action: z.literal("drain"),
        until: at.describe("When the maintenance is over, in milliseconds since 1970."),
        atEnd: z
          .enum(["return", "remind"])
          .default("return")
          .describe("return: checked, and handed out again. remind: kept out, and its hardware log says so."),
      })
      .describe("Nobody new gets it; when whoever has it is done, it is kept out until then."),
    z
      .strictObject({ ...common, action: z.literal("return") })
      .describe(
        "It is checked and handed out again, or what was planned for it is called off. One that is quarantined or retired is called back by its own name.",
      ),
    z
      .strictObject({ ...common, action: z.literal("retire") })
      .describe("Nobody new gets it; when whoever has it is done, it is kept out for good."),
  ])
  .meta({ id: "UpkeepBody" });
export type UpkeepBody = z.infer<typeof upkeepBody>;

export const upkeepView = z.object({
  nodes: z
    .array(
      z.object({
        node: z.string(),
        outcome: z.enum(["changed", "unchanged"]).describe("unchanged: it is as was asked for already."),
        state: z.string().describe("What it is now: one that is in use is kept out when it is free."),
        reservation: z.string().nullable().describe("Who has it now, and is waited for."),
      }),
    )
    .readonly(),
  next: z.string().nullable().describe("Where to go on; null: that was all of them."),
});
export type UpkeepView = z.infer<typeof upkeepView>;
