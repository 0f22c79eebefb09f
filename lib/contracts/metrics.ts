/**
 * Our own metrics, as CloudWatch reads them out of the functions' logs (Embedded Metric Format). Each combination of
 * dimensions is a metric that is paid for, so there are few: never the node, never the lab. What is asked of one node or
 * one lab is in the log's fields and in the timelines.
 */
export interface Metric {
  readonly is: string;
  readonly unit: "Count" | "Seconds" | "None";
  /** The one dimension that it has, or none. */
  readonly by: string | null;
}

export const metrics = {
  Reservations: {
    is: "Reservations that were handed over, completed or failed",
    unit: "Count",
    by: "Outcome",
  },
  Provisions: { is: "Nodes that were handed over, or given up on the way", unit: "Count", by: "Outcome" },
  Seconds: {
    is: "How long a node was in a state that it has left, as a whole: `loading`, `configuring` …",
    unit: "Seconds",
    by: "State",
  },
  ReadySeconds: {
    is: "From a reservation having its nodes to its being handed over",
    unit: "Seconds",
    by: null,
  },
  Corrections: { is: "What was done about late nodes", unit: "Count", by: "Rung" },
  Quarantined: { is: "Nodes that were given up", unit: "Count", by: null },
  ReportSeconds: {
    is: "From the end of a command at its controller to its result being with us",
    unit: "Seconds",
    by: null,
  },
  OverdueNodes: { is: "Nodes past their deadline that the watchdog has woken", unit: "Count", by: null },
  SilentLabs: { is: "Labs of which no controller can be reached", unit: "Count", by: null },
  SuspectLabs: {
    is: "Labs that are suspect instead of their nodes, as a whole or by a power domain",
    unit: "Count",
    by: null,
  },
} as const satisfies Readonly<Record<string, Metric>>;
export type MetricName = keyof typeof metrics;

const isMetricName = (text: string): text is MetricName => Object.hasOwn(metrics, text);
export const metricNames: readonly MetricName[] = Object.keys(metrics).filter(isMetricName);

/** Something that was counted or measured. `of`: the value of the metric's dimension. */
export interface Measured {
  readonly metric: MetricName;
  readonly value: number;
  readonly of?: string;
}

export const namespaceOf = (stage: string): string => `Rackwright/${stage}`;

/** CloudWatch takes so many values of one metric in one line. */
const mostValues = 100;

/** Lines for the log: one for each metric and dimension, with all their values. */
export function emfLines(namespace: string, atMs: number, measured: readonly Measured[]): readonly string[] {
  const groups = Map.groupBy(measured, ({ metric, of = "" }) => `${metric} ${of}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { metric, of } = first;
    const { unit, by } = metrics[metric];
    const parts = Array.from({ length: Math.ceil(group.length / mostValues) }, (_, part) =>
      group.slice(part * mostValues, (part + 1) * mostValues),
    );
    return parts.map((part) =>
      JSON.stringify({
        _aws: {
          Timestamp: atMs,
          CloudWatchMetrics: [
            {
              Namespace: namespace,
              Dimensions: [by === null ? [] : [by]],
              Metrics: [{ Name: metric, Unit: unit }],
            },
          ],
        },
        ...(by === null ? {} : { [by]: of ?? "unknown" }),
        [metric]: part.map(({ value }) => value),
      }),
    );
  });
}
