/**
 * The script of the status page, as text: it runs in a browser. It makes elements and sets their text; nothing that a node
 * or a person is called can become markup.
 */
export const script = `
const el = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
const span = (ms) => ms < 0 ? 'now' : ms < 120000 ? Math.round(ms / 1000) + ' s' : ms < 7200000 ? Math.round(ms / 60000) + ' min' : Math.round(ms / 3600000) + ' h';
let views = JSON.parse(document.getElementById('views').textContent);
let shown = null;

function node(n, now) {
  const e = el('button', 'node');
  e.style.setProperty('--state', 'var(--' + n.state + ')');
  const top = el('div', 'row');
  top.append(el('span', 'name', n.id), el('span', 'state', n.administrative.state === 'offline' ? 'offline' : n.state));
  const phase = el('div', 'row soft');
  phase.append(el('span', '', n.phase.name + ' for ' + span(now - n.phase.since)), el('span', '', n.correctiveReboots ? n.correctiveReboots + ' reboots' : ''));
  e.append(top, phase);
  const j = n.job;
  if (j && j.totalBytes) {
    const bar = el('div', 'bar'), i = el('i');
    i.style.width = (100 * j.doneBytes / j.totalBytes) + '%';
    bar.append(i); e.append(bar);
  }
  if (j) e.append(el('div', 'soft', (j.attempt > 1 ? 'attempt ' + j.attempt + ', ' : '') + j.step + (j.correcting ? ': ' + j.correcting : ', at most ' + span(j.until - now) + ' more')));
  if (n.fault) e.append(el('div', 'fault', n.fault));
  else if (n.image && !j) e.append(el('div', 'soft', n.image + (n.reservation ? ' for ' + n.reservation : '')));
  e.title = j ? 'awaits ' + j.awaits : '';
  e.onclick = () => tell(n.id);
  return e;
}

function reservation(r) {
  const e = el('div', 'card');
  const top = el('div', 'row');
  top.append(el('span', 'name', r.id + ' · ' + r.owner), el('span', 'soft', r.state));
  e.append(top, el('div', 'soft', (r.nodes.map((n) => n.id).join(', ') || 'no nodes yet') + ' · image ' + r.image + ' · ' + r.count + ' wanted' + (r.correctiveReboots ? ' · ' + r.correctiveReboots + ' corrective reboots' : '')));
  if (r.cause) e.append(el('div', 'fault', r.cause.message));
  for (const c of r.connections) { const line = el('div'); line.append(el('code', '', c.node + ': ' + c.user + '@' + c.address)); e.append(line); }
  return e;
}

function draw() {
  const counts = {};
  for (const n of views.nodes) counts[n.state] = (counts[n.state] || 0) + 1;
  const line = document.getElementById('counts');
  line.replaceChildren(...Object.entries(counts).sort().flatMap(([state, count]) => [el('b', '', count), ' ' + state + ' \u00a0 ']));
  document.getElementById('nodes').replaceChildren(...views.nodes.map((n) => node(n, views.now)));
  const open = views.reservations.toSorted((a, b) => b.createdAt - a.createdAt);
  document.getElementById('reservations').replaceChildren(...(open.length ? open.map(reservation) : [el('p', 'soft', 'none')]));
}

async function tell(id) {
  shown = id;
  const { entries } = await (await fetch('/v1/nodes/' + encodeURIComponent(id) + '/timeline')).json();
  if (shown !== id) return;
  const story = document.getElementById('story');
  const close = el('button', '', 'close');
  close.onclick = () => { shown = null; story.hidden = true; };
  story.querySelector('h2').replaceChildren(id + ' ', close);
  story.querySelector('ol').replaceChildren(...entries.toReversed().map((t) => {
    const li = el('li');
    li.append(el('div', 'soft', new Date(t.at).toLocaleTimeString() + '  ' + t.actor.kind + ' ' + t.actor.name),
      el('b', '', t.from === t.to ? t.to : t.from + ' → ' + t.to), el('div', '', t.why), el('div', 'soft', t.evidence || ''));
    return li;
  }));
  story.hidden = false;
}

async function refresh() {
  try {
    const [nodes, reservations] = await Promise.all(['/v1/nodes', '/v1/reservations'].map(async (path) => (await fetch(path)).json()));
    views = { now: Date.now(), nodes: nodes.nodes, reservations: reservations.reservations };
    draw();
    if (shown) await tell(shown);
  } catch { document.getElementById('counts').textContent = 'no answer from the API, trying again'; }
  setTimeout(refresh, 1000);
}
draw();
setTimeout(refresh, 1000);
`;
