/** docs/lab-file.md, from the schema of a lab file. */
import * as z from "zod";
import { labFile } from "../../contracts/lab-file.ts";
import { writtenLab } from "../../contracts/written-lab.ts";
import { fieldsTable } from "./fields.ts";
import { json, page } from "./markdown.ts";

/** A lab of one node; a test holds it against the schema. `examples/lab.json` is a whole one. */
export const exampleLab = {
  schema: "rackwright.lab/1",
  lab: "blue",
  controllers: ["mi-0123456789abcdef0"],
  nodes: [
    {
      id: "node-01",
      class: "standard",
      tags: ["rack-a", "nvme"],
      macs: ["52:54:00:b1:00:01"],
      bmc: { driver: "redfish", address: "https://10.20.0.11", credential: "bmc/blue" },
    },
  ],
};

/** For editors and other programs: what a lab file may hold, as a person writes it. */
export const labFileSchema = (): object => ({
  title: "A lab of Rackwright: docs/lab-file.md",
  ...z.toJSONSchema(writtenLab, { io: "input", unrepresentable: "any" }),
});

const node = labFile.shape.nodes.element;

export const labFilePage = (): string =>
  page(
    "How a lab is described",
    "`lib/contracts/lab-file.ts`",
    "One file for each lab, in YAML or JSON: `npx rackwright import FILE` imports it ([inventory](inventory.md)), and `npm start -- --lab FILE` does so on one machine. [examples/lab.yaml](../examples/lab.yaml) is a rack with everything that can be said of one, [examples/lab.json](../examples/lab.json) a lab of twelve nodes; [lab-file.schema.json](lab-file.schema.json) tells an editor what may stand where. This is one of a single node:",
    json(exampleLab),
    "Importing it again enrols what is new, updates what has changed, and leaves the rest alone, so that the file can be kept under version control and imported after every change. A node that is no longer in the file stays enrolled, and is told of: take it offline, or retire it.",
    "A field that is not named here is refused: a name with a typing mistake in it is not silently ignored.",
    "## The file",
    fieldsTable(labFile, {
      schema: "The format, with its version.",
      lab: "The lab's name.",
      controllers:
        "The lab controllers, by the ids that AWS Systems Manager gave them. Each power domain is leased to one of them at a time; reports are taken from each of them, and from nobody else.",
      correction: "What is done about late nodes here, where it differs from [the table](correction.md).",
      identification:
        "How machines that nobody knows are told apart, and what is done about hardware that is not as it was: [identification](identification.md).",
      nodes: "Its machines. An id, and a MAC, may stand only once.",
    }),
    "## Correction",
    fieldsTable(labFile.shape.correction.unwrap()),
    "Spans are in milliseconds. A part that is given replaces the whole part (`ladder` by stage; of `os`, by system or `family/version`, only what differs need be named); an image can do the same with `correction` when it is registered, and knows better than the lab.",
    json({
      correction: {
        mode: "observe",
        policy: {
          blind: { retryMs: 60_000, giveUpMs: 900_000 },
          ladder: { load: ["look-again", "quarantine"] },
        },
      },
    }),
    "## Identification",
    fieldsTable(labFile.shape.identification.unwrap()),
    "[How machines are told apart](identification.md) has an example with a rule.",
    "## A node",
    fieldsTable(node, {
      id: "The node's name, unique among all labs. A node keeps it and its lab for life.",
      class: "Nodes of one class can stand in for each other; a reservation asks for a class.",
      tags: "Whatever a reservation may want to ask for besides. The status page shows nodes by the rack that a tag names, such as `rack-a`.",
      bmc: "How its power is reached.",
    }),
    "## What many nodes have in common",
    fieldsTable(z.object({ defaults: writtenLab.shape.defaults, templates: writtenLab.shape.templates }), {}),
    "Both hold any of a node's fields but `id`. What stands nearer to the node wins: itself, then its `template`, then `defaults`; parts such as `bmc` are put together field by field, a list stands for itself. The API (`POST /v1/labs`) takes a file in which this is written out.",
    "## Its BMC",
    fieldsTable(node.shape.bmc),
    "A credential is a name. The secret itself lies on the lab controller, in `{secretsDir}/{name}.json` with `username` and `password`, readable by the agent alone; it is in no message, no table, no log and no argument list.",
  );
