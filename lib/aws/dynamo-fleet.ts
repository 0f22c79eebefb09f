/**
 * The fleet out of the `list` index: one query, of which DynamoDB sends only what a cell is made of. It reads a megabyte at
 * a time, one after the other, and thousands of nodes are many megabytes: where a page has ended is remembered, so that from
 * the second time on all pages are asked for at once.
 */
import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import { type FleetNode, fleetNode, fleetPaths, parseFleetNode } from "../contracts/fleet.ts";
import { cellAttribute } from "../contracts/table.ts";
import type { Fleet } from "../ports/fleet.ts";

/** Words like `state` are reserved, so every one of a path stands under a name of its own. */
const words = [...new Set(fleetPaths.flatMap((path) => path.split(".")))];
const named = (word: string): string => `#${word}`;
const projection = [
  named(cellAttribute),
  ...fleetPaths.map((path) => ["body", ...path.split(".")].map(named).join(".")),
].join(", ");
const names = Object.fromEntries([cellAttribute, "body", ...words].map((word) => [named(word), word]));

/** A part of the index: after one name, up to and with another. */
interface Part {
  readonly after: string | null;
  readonly to: string | null;
}

/** A blank sorts before everything that can stand in a name, `~` behind. */
const conditionOf = ({ after, to }: Part) => ({
  KeyConditionExpression: "#listPk = :kind AND #listSk BETWEEN :from AND :to",
  ExpressionAttributeNames: { ...names, "#listPk": "listPk", "#listSk": "listSk" },
  ExpressionAttributeValues: {
    ":kind": "node",
    ":from": after === null ? " " : `${after} `,
    ":to": to ?? "~",
  },
});

interface FleetTable {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  /** For tests: DynamoDB's own bound is a megabyte. */
  readonly nodesPerPage?: number;
}

export function dynamoFleet({ client, table, nodesPerPage = Number.MAX_SAFE_INTEGER }: FleetTable): Fleet {
  /** Names after which a page has begun. */
  let edges: readonly string[] = [];

  async function query(part: Part, limit: number) {
    const nodes: FleetNode[] = [];
    const ends: string[] = [];
    let from: QueryCommandInput["ExclusiveStartKey"];
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: table,
          IndexName: "list",
          ...conditionOf(part),
          ProjectionExpression: projection,
          Limit: Math.min(nodesPerPage, limit - nodes.length),
          ExclusiveStartKey: from,
        }),
      );
      nodes.push(
        ...Items.map(({ [cellAttribute]: cell, body }) =>
          cell === undefined ? parseFleetNode(body) : fleetNode.parse(cell),
        ),
      );
      from = LastEvaluatedKey;
      if (from !== undefined) ends.push(String(from["listSk"]));
    } while (from !== undefined && nodes.length < limit);
    return { nodes, ends, more: from !== undefined };
  }

  return {
    all: async (limit) => {
      const parts = [null, ...edges].map((after, index): Part => ({ after, to: edges[index] ?? null }));
      const found = await Promise.all(parts.map((part) => query(part, limit)));
      edges = [...new Set([...edges, ...found.flatMap(({ ends }) => ends)])].toSorted(byCode);
      const nodes = found.flatMap((each) => each.nodes);
      return { nodes: nodes.slice(0, limit), more: nodes.length > limit || found.some(({ more }) => more) };
    },
  };
}

/** As DynamoDB sorts text. */
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
