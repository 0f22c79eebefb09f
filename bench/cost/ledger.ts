/** A ledger of what AWS bills: requests as they leave the SDK's clients, and what the triggers ask on their own. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import * as z from "zod";
import { requestChannel } from "../../lib/aws/requests.ts";
import { prices, type Unit, units } from "./prices.ts";
import { type Item, itemBytes, putUnits, readUnits } from "./units.ts";

export type Counts = Readonly<Record<Unit, number>>;

const attributes = z.record(z.string(), z.unknown());
const put = z.looseObject({ Item: attributes });
const request = z.object({
  client: z.string(),
  command: z.string(),
  input: z.looseObject({
    Item: attributes.optional(),
    TransactItems: z.array(z.looseObject({ Put: put })).optional(),
    Entries: z.array(z.unknown()).optional(),
    ConsistentRead: z.boolean().optional(),
  }),
  output: z
    .looseObject({
      Item: attributes.optional(),
      Items: z.array(attributes).optional(),
      Responses: z.record(z.string(), z.array(attributes)).optional(),
    })
    .nullable(),
});
type Request = z.infer<typeof request>;

export interface Ledger {
  add(unit: Unit, amount: number): void;
  /** Until the next call everything is counted under this name. Answers which it was before. */
  enter(account: string): string;
  counts(account: string): Counts;
  /** How often each command was called. */
  calls(account: string): Readonly<Record<string, number>>;
  /** Requests since it was asked last. */
  requestsSince(): number;
  /** Called with every item that was stored. */
  stored: (items: readonly Item[]) => void;
  start(): void;
  stop(): void;
}

const nothing = (): Record<Unit, number> => {
  const counts = {
    dynamodbWriteUnits: 0,
    dynamodbReadUnits: 0,
    sqsRequests: 0,
    lambdaRequests: 0,
    lambdaGbSeconds: 0,
    httpApiRequests: 0,
    eventBridgeEvents: 0,
    logBytes: 0,
    ssmRequests: 0,
  };
  return counts;
};

export function openLedger(): Ledger {
  const accounts = new Map<string, Record<Unit, number>>();
  const called = new Map<string, Record<string, number>>();
  /** The table, as far as it was written. */
  const table = new Map<string, Item>();
  let current = "";
  let requests = 0;

  const of = (account: string): Record<Unit, number> => {
    const known = accounts.get(account) ?? nothing();
    accounts.set(account, known);
    return known;
  };
  const add = (unit: Unit, amount: number): void => {
    of(current)[unit] += amount;
  };

  function write(items: readonly Item[], inTransaction: boolean, done: boolean): void {
    for (const item of items) {
      const key = JSON.stringify([item["pk"], item["sk"]]);
      add("dynamodbWriteUnits", putUnits(table.get(key) ?? null, item, inTransaction));
      if (done) table.set(key, item);
    }
    if (done) ledger.stored(items);
  }

  function take({ client, command, input, output }: Request): void {
    requests += 1;
    const calls = called.get(current) ?? {};
    calls[command] = (calls[command] ?? 0) + 1;
    called.set(current, calls);
    if (client === "SQSClient") return add("sqsRequests", 1);
    if (client === "SSMClient") return add("ssmRequests", 1);
    if (client === "EventBridgeClient") return add("eventBridgeEvents", input.Entries?.length ?? 0);
    switch (command) {
      case "PutItemCommand":
        return write(input.Item === undefined ? [] : [input.Item], false, output !== null);
      case "TransactWriteItemsCommand":
        return write(
          (input.TransactItems ?? []).map(({ Put }) => Put.Item),
          true,
          output !== null,
        );
      case "GetItemCommand":
        return add(
          "dynamodbReadUnits",
          readUnits(itemBytes(output?.Item ?? {}), input.ConsistentRead === true),
        );
      case "BatchGetItemCommand":
        for (const item of Object.values(output?.Responses ?? {}).flat())
          add("dynamodbReadUnits", readUnits(itemBytes(item), true));
        return;
      case "QueryCommand": {
        const bytes = (output?.Items ?? []).reduce((sum, item) => sum + itemBytes(item), 0);
        return add("dynamodbReadUnits", readUnits(bytes, input.ConsistentRead === true));
      }
      default:
        throw new Error(`the ledger has no price for ${client} ${command}: bench/cost/ledger.ts`);
    }
  }

  const hear = (message: unknown): void => take(request.parse(message));
  const ledger: Ledger = {
    add,
    enter: (account) => {
      const before = current;
      current = account;
      return before;
    },
    counts: (account) => ({ ...of(account) }),
    calls: (account) => ({ ...called.get(account) }),
    requestsSince: () => {
      const since = requests;
      requests = 0;
      return since;
    },
    stored: () => {},
    start: () => subscribe(requestChannel, hear),
    stop: () => {
      unsubscribe(requestChannel, hear);
    },
  };
  return ledger;
}

export const priceOf = (counts: Counts): number =>
  units.reduce((sum, unit) => sum + counts[unit] * prices[unit], 0);

export const sumOf = (...all: readonly Counts[]): Counts => {
  const sum = nothing();
  for (const each of all) for (const unit of units) sum[unit] += each[unit];
  return sum;
};

export const times = (counts: Counts, factor: number): Counts => {
  const product = nothing();
  for (const unit of units) product[unit] = counts[unit] * factor;
  return product;
};
