/**
 * Makes a large fleet out of a few nodes that the system itself has taken in and inspected: what is stored of one of them at
 * rest is written once more for each further node, under its own names. To take in ten thousand one after the other would
 * take longer than what is measured.
 */
import * as z from "zod";

const tableName = "Rackwright";
/** A database on one machine wants a signature, and does not check it. */
const headers = {
  authorization:
    "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=local",
  "x-amz-date": "20260101T000000Z",
  "content-type": "application/x-amz-json-1.0",
};
const copied: readonly string[] = ["node", "node-spec"];
const patienceMs = 150_000;
/** DynamoDB's own limit (API reference, BatchWriteItem). */
const mostWrites = 25;

const page = z.looseObject({
  Items: z.array(z.looseObject({ kind: z.looseObject({ S: z.string() }) })),
  LastEvaluatedKey: z.looseObject({}).optional(),
});
const written = z.looseObject({
  UnprocessedItems: z.record(z.string(), z.array(z.unknown())).optional(),
});

export interface NodeName {
  readonly id: string;
  readonly mac: string;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

export const nodeName = (index: number): NodeName => ({
  id: `node-${String(index + 1).padStart(5, "0")}`,
  mac: ["52", "54", "00", hex(index >> 16), hex((index >> 8) & 255), hex(index & 255)].join(":"),
});

export async function multiply(endpoint: string, from: NodeName, to: readonly NodeName[]): Promise<void> {
  async function call(action: string, input: object): Promise<unknown> {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { ...headers, "x-amz-target": `DynamoDB_20120810.${action}` },
      body: JSON.stringify(input),
    });
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
    return response.json();
  }
  const own: string[] = [];
  for (let start: object | undefined, first = true; first || start !== undefined; first = false) {
    const read = page.parse(await call("Scan", { TableName: tableName, ExclusiveStartKey: start }));
    for (const item of read.Items) {
      const text = JSON.stringify(item);
      // The rest is made when a node is first given a command, or is asked only when an unknown machine is found.
      if (copied.includes(item.kind.S) && text.includes(from.id)) own.push(text);
    }
    start = read.LastEvaluatedKey;
  }
  const dashed = (mac: string): string => mac.replaceAll(":", "-");
  const puts = to.flatMap(({ id, mac }) =>
    own.map((text) => ({
      PutRequest: {
        Item: JSON.parse(
          text.replaceAll(from.id, id).replaceAll(from.mac, mac).replaceAll(dashed(from.mac), dashed(mac)),
        ),
      },
    })),
  );
  const deadline = performance.now() + patienceMs;
  for (let at = 0; at < puts.length; at += mostWrites) {
    if (performance.now() > deadline)
      throw new Error(
        `a fleet of ${to.length} nodes was not made in time: ${at} of ${puts.length} items are written`,
      );
    const RequestItems = { [tableName]: puts.slice(at, at + mostWrites) };
    const { UnprocessedItems = {} } = written.parse(await call("BatchWriteItem", { RequestItems }));
    if (Object.keys(UnprocessedItems).length > 0) throw new Error("the database did not take all of a batch");
  }
}
