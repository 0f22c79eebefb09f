/** What the daemon tells about itself: Prometheus text (exposition format 0.0.4), and whether it is well. Pure. */

export interface Health {
  readonly queued: number;
  readonly running: number;
  readonly toolsRunning: number;
  readonly toolsWaiting: number;
  readonly breakersOpen: number;
  readonly domainsResting: number;
  readonly consolesListening: number;
  readonly consolesKnown: number;
  readonly reportsWaiting: number;
  readonly reportsSent: number;
  readonly reportsDropped: number;
  readonly journalBytes: number;
  /** Null while nobody has told the time. */
  readonly clockOffsetMs: number | null;
  /** Null: the clock can be trusted. */
  readonly clockDistrust: string | null;
  readonly ended: Readonly<Record<string, number>>;
  readonly residentBytes: number;
}

interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly values: readonly (readonly [labels: string, value: number])[];
}

const metricsOf = (health: Health): readonly Metric[] => [
  gauge("commands_queued", "Commands that were taken and have not begun.", health.queued),
  gauge("commands_running", "Commands under way.", health.running),
  {
    name: "commands_ended_total",
    type: "counter",
    help: "Commands that have ended since the daemon started, by status.",
    values: Object.entries(health.ended).map(([status, count]) => [`{status="${status}"}`, count]),
  },
  gauge("tools_running", "Programs (ipmitool, fence agents, …) that run now.", health.toolsRunning),
  gauge("tools_waiting", "Programs that wait until others have ended.", health.toolsWaiting),
  gauge("breakers_open", "Power domains whose credential was refused too often.", health.breakersOpen),
  gauge("domains_resting", "Power domains that did not answer and are left alone.", health.domainsResting),
  gauge("consoles_listening", "Serial consoles that are listened to.", health.consolesListening),
  gauge("consoles_known", "Serial consoles that are to be listened to.", health.consolesKnown),
  gauge("reports_waiting", "Reports on disk that the queue does not have yet.", health.reportsWaiting),
  counter("reports_sent_total", "Reports that the queue has taken.", health.reportsSent),
  counter("reports_dropped_total", "Beacons that were given up.", health.reportsDropped),
  gauge("journal_bytes", "Size of the journal.", health.journalBytes),
  gauge("resident_bytes", "Memory of the daemon, without its tools.", health.residentBytes),
  ...(health.clockOffsetMs === null
    ? []
    : [gauge("clock_offset_seconds", "How much the clock is ahead of AWS.", health.clockOffsetMs / 1000)]),
  gauge(
    "clock_trusted",
    "1 if the clock can be trusted: else nothing is switched.",
    health.clockDistrust === null ? 1 : 0,
  ),
];

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  type: "gauge",
  help,
  values: [["", value]],
});
const counter = (name: string, help: string, value: number): Metric => ({
  ...gauge(name, help, value),
  type: "counter",
});

export const metricsText = (health: Health): string =>
  metricsOf(health)
    .map(({ name, type, help, values }) => {
      const full = `rackwright_agent_${name}`;
      const lines = values.map(([labels, value]) => `${full}${labels} ${value}\n`);
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("")}`;
    })
    .join("");

/** What an operator should know; nothing when all is well. */
export function problemsOf({ clockDistrust, breakersOpen, reportsWaiting }: Health): readonly string[] {
  return [
    ...(clockDistrust === null ? [] : [clockDistrust]),
    ...(breakersOpen === 0
      ? []
      : [`${breakersOpen} power domains refuse their credential: correct their secrets`]),
    ...(reportsWaiting < 1000 ? [] : [`${reportsWaiting} reports wait for the queue`]),
  ];
}
