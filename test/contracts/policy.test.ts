import { expect, test } from "vitest";
import { policy } from "../../lib/contracts/policy.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { localPolicy } from "../../lib/local/policy.ts";

test.each([
  ["everywhere", defaultPolicy],
  ["on one machine", localPolicy],
])("the policy %s is one that the functions accept from their environment", (_, given) => {
  expect(policy.parse(JSON.parse(JSON.stringify(given)))).toEqual(given);
});
