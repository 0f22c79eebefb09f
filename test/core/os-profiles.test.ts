import { describe, expect, test } from "vitest";
import { policyOverrides } from "../../lib/contracts/policy.ts";
import { profileName, profileOf } from "../../lib/core/correction/os-profiles.ts";
import { defaultPolicy, overridden, type Policy } from "../../lib/core/correction/policy.ts";
import { minutes } from "../../lib/core/time.ts";

/** What each system would get, as data. */
const effective = (policy: Policy): Record<string, string> =>
  Object.fromEntries(
    Object.keys(policy.os).map((name) => {
      const [family = "", version = null] = name.split("/");
      return [name, JSON.stringify([profileOf(policy.os, family, version), policy.osOverallMs])];
    }),
  );

describe("time-outs of operating systems are data", () => {
  test.each(["windows/2008", "windows/vista", "windows"])(
    "R11: raising the mini-setup time-out of %s in a validated file leaves every other profile as it was",
    (raised) => {
      const before = effective(defaultPolicy);
      const file = policyOverrides.parse({ os: { [raised]: { init: [minutes(90)] } } });
      const { [raised]: changed, ...others } = effective(overridden(defaultPolicy, file));
      const { [raised]: unchanged, ...othersBefore } = before;
      expect(others).toEqual(othersBefore);
      expect(changed).not.toEqual(unchanged);
      expect(Object.keys(others).length).toBeGreaterThan(10);
    },
  );

  test("R11: what the file does not name of that very version stays too", () => {
    const file = policyOverrides.parse({ os: { "windows/2008": { init: [minutes(90)] } } });
    const { init, ...rest } = overridden(defaultPolicy, file).os["windows/2008"] ?? {};
    const { init: _, ...before } = defaultPolicy.os["windows/2008"] ?? {};
    expect(init).toEqual([minutes(90)]);
    expect(rest).toEqual(before);
  });

  test("a version that nobody has measured has its family's time-outs, and may be given its own", () => {
    expect(profileOf(defaultPolicy.os, "windows", "2031")).toEqual(defaultPolicy.os["windows"]);
    const given = overridden(defaultPolicy, { os: { "windows/2031": { kernel: [1] } } });
    expect(given.os["windows/2031"]).toEqual({ ...defaultPolicy.os["windows"], kernel: [1] });
    expect(profileName("linux", null)).toBe("linux");
  });

  test("the image knows its system better than the lab does", () => {
    const made = overridden(
      defaultPolicy,
      { os: { linux: { init: [1] } } },
      { os: { linux: { init: [2] } } },
    );
    expect(made.os["linux"]?.init).toEqual([2]);
  });

  test.each(["Windows 2008", "windows/", "../etc", "windows/2008/sp2"])(
    "a file that names “%s” is refused: it is no system",
    (name) => {
      expect(policyOverrides.safeParse({ os: { [name]: { init: [1] } } }).success).toBe(false);
    },
  );
});
