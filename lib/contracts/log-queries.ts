/** Saved queries of CloudWatch Logs Insights, over the logs of all functions. The runbook names them by alarm. */
export interface LogQuery {
  readonly is: string;
  readonly text: string;
}

const latest = "| sort @timestamp desc\n| limit 200";

export const logQueries = {
  errors: {
    is: "What functions have complained of",
    text: `fields @timestamp, @log, message, error.message, routeKey, @requestId\n| filter level = "ERROR"\n${latest}`,
  },
  "rejected-messages": {
    is: "Messages that were set aside, and why",
    text: `fields @timestamp, @log, messageId, reason\n| filter message = "rejected a message"\n${latest}`,
  },
  "one-node": {
    is: "What happened to one node: put its name in",
    text: `fields @timestamp, version, from, to, phase, why, actor, correction\n| filter node = "NODE"\n${latest}`,
  },
  "late-nodes": {
    is: "Nodes that were late, and what was done about them",
    text: `fields @timestamp, node, correction, phase, attempt, why\n| filter message = "node" and ispresent(correction)\n${latest}`,
  },
  "quarantined-nodes": {
    is: "Nodes that correction has given up, and why",
    text: `fields @timestamp, node, why, reservation\n| filter message = "node" and correction = "quarantine"\n${latest}`,
  },
  "failed-reservations": {
    is: "Reservations that failed, by their cause",
    text: `filter message = "reservation" and to = "failed"\n| stats count(*) as failed, latest(why) as lately by why\n| sort failed desc`,
  },
  "silent-labs": {
    is: "Labs whose controllers cannot be reached",
    text: `fields @timestamp, message, lab, controller\n| filter message like /^lab (is silent|controller)/\n${latest}`,
  },
  "suspect-labs": {
    is: "Labs and power domains that are suspect instead of their nodes",
    text: `fields @timestamp, lab, since, late, domains\n| filter message like /^lab is suspect/\n${latest}`,
  },
  operations: {
    is: "Who has done what by hand, and why",
    text: `fields @timestamp, action, target, reason, actor, done, text\n| filter message = "operate"\n${latest}`,
  },
} as const satisfies Readonly<Record<string, LogQuery>>;

export type SavedQuery = keyof typeof logQueries;
