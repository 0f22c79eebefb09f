import { describe, expect, test } from "vitest";
import { nodeView } from "../../lib/app/views.ts";
import { embedded, statusPage } from "../../lib/console/status-page.ts";
import { World } from "../core/world.ts";

const hostile = '</script><script>alert("x")</script><img src=x onerror=alert(1)>';

describe("the status page", () => {
  const view = nodeView(new World().inUse().node, null);

  test("is one page that needs nothing from elsewhere", () => {
    const page = statusPage({ now: 1, nodes: [view], reservations: [] });
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('"id":"node-01"');
    expect(page).not.toMatch(/(src|href)="?https?:/);
  });

  test("shows its nodes without a script, too", () => {
    const page = statusPage({ now: 1, nodes: [view], reservations: [] });
    expect(page).toMatch(/<noscript>.*<td>node-01<\/td><td>in-use<\/td>/s);
  });

  test("a name that is markup stays a name", () => {
    const page = statusPage({
      now: 1,
      nodes: [{ ...view, id: hostile, fault: hostile, reservation: hostile }],
      reservations: [],
    });
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toContain("<img");
    const [, json = ""] = /<script type="application\/json" id="views">(.*?)<\/script>/s.exec(page) ?? [];
    expect(JSON.parse(json).nodes[0].id).toBe(hostile);
  });

  test("what is embedded is read back the same", () => {
    const value = { text: 'a < b </script> \u2028 & "c"' };
    expect(JSON.parse(embedded(value))).toEqual(value);
    expect(embedded(value)).not.toContain("<");
  });
});
