/** A lab as the text of a file: what all its nodes have in common stands once. Reading it gives the same lab again. */
import { Document, isMap, isScalar, isSeq, Scalar, visit } from "yaml";
import { labNode } from "../contracts/lab-file.ts";
import { changesBetween } from "../core/inventory/compare.ts";
import type { NodeDescription } from "../core/inventory/description.ts";
import type { Known } from "./plan.ts";

export const formats = ["yaml", "json"] as const;
export type Format = (typeof formats)[number];

export function writeLabFile(lab: string, known: NonNullable<Known>, format: Format): string {
  const { defaults, nodes } = factored(known.nodes.map(plain));
  const file = {
    schema: "rackwright.lab/1",
    lab,
    ...withoutEmpty(known.settings),
    ...(Object.keys(defaults).length === 0 ? {} : { defaults }),
    nodes,
  };
  return format === "json" ? `${JSON.stringify(file, null, 2)}\n` : yamlOf(file);
}

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What need not be said. */
const usual: Json = { class: "standard", tags: [] };
const usualBmc: Json = { options: {}, quiescentSeconds: 0 };

const withoutUsual = (value: Json, known: Json): Json =>
  Object.fromEntries(
    Object.entries(value).filter(
      ([name, each]) => !Object.hasOwn(known, name) || changesBetween(known[name], each).length > 0,
    ),
  );

function plain(node: NodeDescription): Json {
  const { bmc, ...own } = labNode.parse(node);
  return { ...withoutUsual(own, usual), bmc: withoutUsual(bmc, usualBmc) };
}

const withoutEmpty = (settings: Json): Json =>
  Object.fromEntries(
    Object.entries(settings).filter(([, value]) => !isRecord(value) || Object.keys(value).length > 0),
  );

/** Each node has its own. */
const own = ["id", "macs"];

/** What every node has, and has alike, is taken out of each. */
function factored(nodes: readonly Json[]): { readonly defaults: Json; readonly nodes: readonly Json[] } {
  const [first, ...others] = nodes;
  if (first === undefined || others.length === 0) return { defaults: {}, nodes };
  const shared = (value: Json, rest: readonly Json[]): Json =>
    Object.fromEntries(
      Object.entries(value).filter(
        ([name, each]) =>
          !own.includes(name) &&
          rest.every((other) => Object.hasOwn(other, name) && changesBetween(each, other[name]).length === 0),
      ),
    );
  const bmcOf = ({ bmc }: Json): Json => (isRecord(bmc) ? bmc : {});
  const { bmc: _, ...common } = shared(first, others);
  const bmc = shared(bmcOf(first), others.map(bmcOf));
  const less = (value: Json, taken: Json): Json =>
    Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(taken, name)));
  return {
    defaults: { ...common, ...(Object.keys(bmc).length === 0 ? {} : { bmc }) },
    nodes: nodes.map((node) => {
      const left = less(bmcOf(node), bmc);
      const { bmc: __, ...rest } = less(node, common);
      return { ...rest, ...(Object.keys(left).length === 0 ? {} : { bmc: left }) };
    }),
  };
}

const macAddress = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** A line for each thing that a node has. Other readers of YAML take a MAC of digits for a number: quoted, it is none. */
function yamlOf(file: Json): string {
  const document = new Document(file, { aliasDuplicateObjects: false });
  const nodes = document.get("nodes");
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string" && macAddress.test(scalar.value))
        scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  for (const node of isSeq(nodes) ? nodes.items : []) {
    for (const { value } of isMap(node) ? node.items : [])
      if ((isMap(value) || isSeq(value)) && !isScalar(value)) value.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}
