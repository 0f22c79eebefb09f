/** The document that carries deliveries, as text: what the service and every version of the agent must make of it. */
import { describe, expect, test } from "vitest";
import { maximumDeliveryBytes } from "../../lib/contracts/command.ts";
import { ssmDocument, ssmDocumentName } from "../../lib/contracts/ssm-document.ts";
import { whyRe2Refuses } from "../../lib/local/ssm/re2.ts";
import { refusalOf } from "../../lib/local/ssm/run-document.ts";
import { sendCommandPayload } from "../../lib/local/ssm/wire.ts";

const text = JSON.stringify(ssmDocument);
const { Delivery } = ssmDocument.parameters;
const pattern = new RegExp(Delivery.allowedPattern);

const refusal = (Parameters: Record<string, string>) =>
  refusalOf(
    sendCommandPayload.parse({
      CommandId: "75023fb4-bcc0-4cb2-bf3d-d5874f08d20b",
      DocumentName: ssmDocumentName,
      Parameters,
      DocumentContent: ssmDocument,
    }),
  );

describe("the document", () => {
  test("is a schema that every agent knows, of one step that runs on Linux and ends the document when it fails", () => {
    expect(ssmDocument.schemaVersion).toBe("2.2");
    expect(ssmDocument.mainSteps).toMatchObject([
      {
        action: "aws:runShellScript",
        name: "Run",
        precondition: { StringEquals: ["platformType", "Linux"] },
        onFailure: "exit",
      },
    ]);
  });

  test("is far smaller than the 64 KB that the service takes", () => {
    expect(Buffer.byteLength(text)).toBeLessThan(4096);
  });

  test("pastes its one parameter once, and nothing else: not from the Parameter Store either", () => {
    expect(Object.keys(ssmDocument.parameters)).toEqual(["Delivery"]);
    expect(text.match(/\{\{.*?\}\}/g)).toEqual(["{{ Delivery }}"]);
    expect(ssmDocument.mainSteps[0].inputs.runCommand).toEqual(["rackwright-agent run {{ Delivery }}"]);
  });

  test("gives its script a time-out that the agent does not replace by its own of an hour", () => {
    const seconds = Number(ssmDocument.mainSteps[0].inputs.timeoutSeconds);
    expect(seconds).toBeGreaterThanOrEqual(5);
    expect(seconds).toBeLessThanOrEqual(172_800);
  });
});

describe("its parameter", () => {
  test("has a pattern that covers all of a value, and that the agent's RE2 compiles", () => {
    expect(Delivery.type).toBe("String");
    expect(Delivery.allowedPattern).toMatch(/^\^[^|]*\$$/);
    expect(whyRe2Refuses(Delivery.allowedPattern)).toBeNull();
  });

  test.each([
    "abcd; reboot",
    "$(id)x",
    "`id`",
    "ab'cd",
    'ab"cd',
    "abcd\nreboot",
    "abcd\n",
    "a b",
    "{{x}}",
    "é",
    "",
  ])("cannot hold %j, in the service's eyes or in the agent's", (value) => {
    expect(pattern.test(value)).toBe(false);
    expect(refusal({ Delivery: value })).toContain(`parameter value /${value}/ does not match`);
  });

  test("can hold every delivery that we make, to the last byte", () => {
    for (const size of [3, 1000, maximumDeliveryBytes]) {
      const value = Buffer.alloc(size, 0xfb).toString("base64url");
      expect(value.length).toBeGreaterThanOrEqual(Delivery.minChars);
      expect(value.length).toBeLessThanOrEqual(Delivery.maxChars);
      expect(refusal({ Delivery: value })).toBeNull();
    }
  });

  test("is given as a variable as well, where the agent knows how", () => {
    expect(Delivery.interpolationType).toBe("ENV_VAR");
  });
});

describe("what Go's RE2 refuses is found:", () => {
  test.each([
    ["^[a-z]{4,43692}$", "invalid repeat count: `{4,43692}`"],
    ["^[a-z]{1001}$", "invalid repeat count: `{1001}`"],
    ["^[a-z]{1001,}$", "invalid repeat count: `{1001,}`"],
    ["^(?=a)a$", "invalid or unsupported Perl syntax: `(?=`"],
    ["^(?!a)b$", "invalid or unsupported Perl syntax: `(?!`"],
    ["(?<=a)b", "invalid or unsupported Perl syntax: `(?<=`"],
    ["(?<!a)b", "invalid or unsupported Perl syntax: `(?<!`"],
    ["(?>a)b", "invalid or unsupported Perl syntax: `(?>`"],
    ["^(a)\\1$", "invalid escape sequence: `\\1`"],
    ["^(?<n>a)\\k<n>$", "invalid escape sequence: `\\k`"],
  ])("%s", (source, why) => {
    expect(whyRe2Refuses(source)).toBe(why);
  });

  test.each(["^[a-z0-9-]{1,32}$", "^[a-z]{1000}$", "^(?:a|b)+$", "^\\(?a$", "^\\\\1$"])(
    "%s is taken",
    (source) => {
      expect(whyRe2Refuses(source)).toBeNull();
    },
  );
});
