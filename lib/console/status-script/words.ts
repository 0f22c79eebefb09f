/** Script of the status page: what a node or a reservation is doing, in words. Text of a browser script, see `status-script.ts`. */
export const words = String.raw`
const span = (ms) => {
  const s = Math.max(0, ms) / 1000;
  return s < 120 ? Math.round(s) + ' s' : s < 7200 ? Math.round(s / 60) + ' min' : s < 172800 ? Math.round(s / 3600) + ' h' : Math.round(s / 86400) + ' d';
};
const two = (n) => String(n).padStart(2, '0');
const clockOf = (at) => { const t = new Date(at); return two(t.getHours()) + ':' + two(t.getMinutes()) + ':' + two(t.getSeconds()); };
const dayOf = (at) => { const t = new Date(at); return t.getFullYear() + '-' + two(t.getMonth() + 1) + '-' + two(t.getDate()); };
const bytes = (n) => n < 1e6 ? Math.round(n / 1e3) + ' kB' : n < 1e9 ? Math.round(n / 1e6) + ' MB' : (n / 1e9).toFixed(1) + ' GB';
const many = (n, one, more) => n + ' ' + (n === 1 ? one : more || one + 's');
const corrections = { look: 'being looked at again', reset: 'being reset', 'power-cycle': 'being power-cycled' };

const isOffline = (n) => n.administrative.state === 'offline';
const isLate = (n, now) => n.job !== null && !isOffline(n) && n.job.command === null && now > n.job.until;
const isWriting = (n) => n.job !== null && n.job.totalBytes > 0;
const shareOf = (j) => Math.min(100, Math.floor(100 * j.doneBytes / j.totalBytes));

/* A phase that began within the step is what its time limit is about; otherwise the step is. While a command is under way
   the limit is not that of the step: it is when the lab controller is asked again. */
function doing(n, now) {
  const { job: j, phase } = n;
  if (isOffline(n)) return n.administrative.handsOffAt === null ? 'going offline: what runs is being ended' : 'offline for ' + span(now - n.administrative.since);
  if (j === null) return phase.name === 'unknown' ? n.state + ' for ' + span(now - n.since) : phase.name + ' for ' + span(now - phase.since);
  if (j.correcting !== null) return 'hangs in ' + phase.name + ': ' + (corrections[j.correcting] || j.correcting);
  if (j.command !== null) return j.step + ' for ' + span(now - j.since) + ', ' + (now > j.until ? 'about to be asked again' : 'asked again in ' + span(j.until - now));
  const inPhase = phase.name !== 'unknown' && phase.name !== 'off' && phase.since >= j.since;
  const begun = inPhase ? phase.since : j.since;
  const what = (inPhase ? phase.name : j.step) + ' for ' + span(now - begun);
  return now > j.until ? what + ', late by ' + span(now - j.until) : what + ', of at most ' + span(j.until - begun);
}

/* What nobody should have to look for, worst first: null where there is nothing to worry about. */
function worry(n, now) {
  if (n.state === 'quarantined') return { rank: 0, what: 'quarantined for ' + span(now - n.since), why: n.fault || '' };
  if (n.job !== null && n.job.correcting !== null && !isOffline(n)) return { rank: 1, what: doing(n, now), why: 'awaits ' + n.job.awaits };
  if (isLate(n, now)) return { rank: 2, what: doing(n, now), why: 'awaits ' + n.job.awaits };
  if (isOffline(n)) return { rank: 3, what: doing(n, now), why: n.administrative.reason || '' };
  if (n.state === 'maintenance') return { rank: 4, what: 'in maintenance for ' + span(now - n.since), why: (n.upkeep && n.upkeep.reason) || n.administrative.reason || '' };
  if (n.state === 'retired') return { rank: 5, what: 'retired', why: n.upkeep ? n.upkeep.reason : '' };
  return null;
}

const isEnded = (r) => r.state === 'complete' || r.state === 'failed';
const readyCount = (r) => r.nodes.filter((n) => n.reservation === r.id && n.state === 'in-use').length;
function course(r, now) {
  switch (r.state) {
    case 'new': return 'waits for ' + r.count + ' × ' + r.class + ' for ' + span(now - r.since);
    case 'loading': return readyCount(r) + ' of ' + r.count + ' ready after ' + span(now - r.since);
    case 'reserved': return 'handed over ' + span(now - (r.readyAt || r.since)) + ' ago, ends in ' + span(r.end - now);
    case 'in-use': return 'somebody is in, ends in ' + span(r.end - now);
    case 'reclaim': return 'over, ' + many(r.nodes.filter((n) => n.reservation === r.id).length, 'node') + ' being taken back for ' + span(now - r.since);
    default: return r.state + ' ' + span(now - (r.endedAt || r.since)) + ' ago';
  }
}
function login(c) {
  const parts = /^\[?([^\]]*?)\]?:(\d+)$/.exec(c.address);
  const bracketed = parts !== null && (c.address.startsWith('[') || !parts[1].includes(':'));
  return bracketed ? 'ssh -p ' + parts[2] + ' ' + c.user + '@' + parts[1] : 'ssh ' + c.user + '@' + c.address;
}
`;
