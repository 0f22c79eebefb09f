/** The fleet out of the `list` index: one query, of which DynamoDB sends only what a cell is made of. */
import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import { type FleetNode, fleetPaths, parseFleetNode } from "../contracts/fleet.ts";
import type { Fleet } from "../ports/fleet.ts";

/** Words like `state` are reserved, so every one of a path stands under a name of its own. */
const words = [...new Set(fleetPaths.flatMap((path) => path.split(".")))];
const named = (word: string): string => `#${word}`;
const projection = fleetPaths.map((path) => ["body", ...path.split(".")].map(named).join(".")).join(", ");
const names = Object.fromEntries(["body", ...words].map((word) => [named(word), word]));

export function dynamoFleet({ client, table }: { client: DynamoDBDocumentClient; table: string }): Fleet {
  return {
    all: async (limit) => {
      const nodes: FleetNode[] = [];
      let from: QueryCommandInput["ExclusiveStartKey"];
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new QueryCommand({
            TableName: table,
            IndexName: "list",
            KeyConditionExpression: "#listPk = :kind",
            ProjectionExpression: projection,
            ExpressionAttributeNames: { ...names, "#listPk": "listPk" },
            ExpressionAttributeValues: { ":kind": "node" },
            Limit: limit - nodes.length,
            ExclusiveStartKey: from,
          }),
        );
        nodes.push(...Items.map(({ body }) => parseFleetNode(body)));
        from = LastEvaluatedKey;
      } while (from !== undefined && nodes.length < limit);
      return { nodes, more: from !== undefined };
    },
  };
}
