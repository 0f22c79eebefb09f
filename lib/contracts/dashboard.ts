/**
 * The operators' dashboard: which widgets, where, and which function answers for each. infra/ makes a CloudWatch dashboard
 * of it, lib/local/console serves the same one at /console.
 */
import type { FunctionName } from "./topology.ts";
import type { WidgetName } from "./widget.ts";

export interface DashboardWidget {
  readonly widget: WidgetName;
  readonly title: string;
  /** In units of the dashboard's grid, which is 24 wide. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The one that all widgets are drawn by. It only reads; who may call it and nothing else can look and not touch. */
export const readingFunction: FunctionName = "console/widgets";
/** The one that the buttons call. Whoever may call it is an operator; CloudTrail keeps who did. */
export const actingFunction: FunctionName = "console/act";

export const dashboardWidgets: readonly DashboardWidget[] = [
  { widget: "fleet", title: "Fleet", x: 0, y: 0, width: 24, height: 9 },
  { widget: "attention", title: "Needs attention", x: 0, y: 9, width: 14, height: 10 },
  { widget: "labs", title: "Labs", x: 14, y: 9, width: 10, height: 10 },
  { widget: "reservations", title: "Reservations", x: 0, y: 19, width: 12, height: 11 },
  { widget: "node", title: "One node", x: 12, y: 19, width: 12, height: 11 },
];

export const gridColumns = 24;

/** One widget as `PutDashboard` takes it (CloudWatch API Reference, “Dashboard body structure and syntax”). */
export const bodyWidgets = <Endpoint>(endpoint: Endpoint) =>
  dashboardWidgets.map(({ widget, title, x, y, width, height }) => ({
    type: "custom" as const,
    x,
    y,
    width,
    height,
    properties: {
      endpoint,
      title,
      params: { widget },
      updateOn: { refresh: true, resize: widget === "fleet", timeRange: false },
    },
  }));
