/** Script of the status page: one node, with its timeline told as a story, the latest first. Text of a browser script. */
export const story = `
const storyPage = 100;
let told = null;

const fact = (name, value) => value === null || value === '' ? [] : [el('dt', {}, name), el('dd', {}, value)];
function facts(n, now) {
  const j = n.job;
  return el('dl', {},
    fact('state', n.state + ' for ' + span(now - n.since) + (n.last === null ? '' : ', before that ' + n.last)),
    fact('doing', doing(n, now)),
    j === null ? [] : fact('awaits', j.awaits),
    j === null ? [] : fact('job', j.program + ', attempt ' + j.attempt + ', step ' + j.step + ' (' + j.id + ')'),
    fact('fault', n.fault),
    fact('corrections', n.correctiveReboots > 0 ? many(n.correctiveReboots, 'corrective reboot') : null),
    fact('phase', n.phase.name + ' for ' + span(now - n.phase.since)),
    fact('power', n.power.observed + ', seen ' + span(now - n.power.at) + ' ago'),
    isOffline(n) ? fact('offline', n.administrative.reason) : [],
    fact('reservation', n.reservation),
    fact('disk', n.image === null ? 'nothing that is proved' : n.image + ' (' + n.revision + ')'),
    fact('class, tags', [n.class, ...n.tags].join(', ')));
}

const entry = (t, earlier) => {
  const gap = earlier === undefined ? null : t.at - earlier.at;
  const details = [t.correction === null ? null : text('mark', t.correction), t.attempt === null || t.attempt < 2 ? null : text('mark', 'attempt ' + t.attempt), t.phase === null ? null : text('soft', 'phase ' + t.phase), t.reservation === null ? null : text('soft', 'for ' + t.reservation)].filter((part) => part !== null);
  return el('li', { class: (t.from === t.to ? 'same ' : '') + 's-' + t.to },
    div('row soft', text('', el('time', { datetime: new Date(t.at).toISOString() }, clockOf(t.at)), gap === null ? null : ', ' + span(gap) + ' later'), text('', t.actor.kind + ' ' + t.actor.name)),
    t.from === t.to ? null : div('move', text('', t.from), ' → ', el('b', { class: 's-' + t.to }, t.to)),
    div('because', t.why),
    t.evidence === null || t.evidence === '' ? null : el('blockquote', {}, t.evidence),
    details.length > 0 ? div('marks', details) : null);
};

function tell(now) {
  const panel = document.getElementById('story');
  panel.hidden = told === null;
  if (told === null) return;
  const n = views.nodes.find(({ id }) => id === told.id);
  const { entries } = told;
  const lines = entries.map((t, at) => ({ t, earlier: entries[at - 1], later: entries[at + 1] })).reverse().flatMap(({ t, earlier, later }) =>
    [later === undefined || dayOf(later.at) !== dayOf(t.at) ? el('li', { class: 'day' }, dayOf(t.at)) : null, entry(t, earlier)].filter((line) => line !== null));
  show('story',
    div('row head', el('h2', { tabindex: '-1' }, told.id), el('button', { 'data-close': true }, 'Close')),
    n === undefined ? el('p', { class: 'calm' }, 'There is no such node among those shown.') : facts(n, now),
    told.trouble === null ? null : el('p', { class: 'fault' }, told.trouble),
    el('ol', {}, lines),
    entries.length > 0 && entries[0].sequence > 1 ? el('button', { 'data-earlier': true }, 'What was before') : null);
}

/* The version of a node is the number of its latest entry, so that the end of a long story is one request. */
async function readStory(until) {
  const mine = told;
  const { id } = mine;
  const after = Math.max(0, until - storyPage);
  try {
    const { entries } = await ask('/v1/nodes/' + encodeURIComponent(id) + '/timeline?after=' + after);
    const known = new Map([...mine.entries, ...entries].map((t) => [t.sequence, t]));
    mine.entries = [...known.values()].sort((a, b) => a.sequence - b.sequence);
    mine.trouble = null;
  } catch (error) { mine.trouble = 'Its timeline cannot be read: ' + error.message; }
  if (told === mine) draw();
}
async function followStory() {
  const n = told === null ? undefined : views.nodes.find(({ id }) => id === told.id);
  if (n === undefined) return;
  const latest = told.entries.length === 0 ? 0 : told.entries[told.entries.length - 1].sequence;
  if (latest < n.version) await readStory(n.version);
}
async function openStory() {
  let id = '';
  try { id = decodeURIComponent(location.hash.slice(1)); } catch { /* an address that somebody mistyped names no node */ }
  const before = told;
  told = id === '' ? null : { id, entries: [], trouble: null };
  draw();
  const focus = told !== null ? document.querySelector('#story h2') : before === null ? null : [...document.querySelectorAll('.tile')].find((each) => each.getAttribute('data-node') === before.id);
  if (focus) focus.focus();
  await followStory();
}
`;
