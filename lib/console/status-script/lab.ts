/** Script of the status page: counts, what needs attention, the racks, the reservations. Text of a browser script. */
export const lab = String.raw`
const states = ['available', 'in-use', 'reserved', 'loading', 'configuring', 'capturing', 'reclaiming', 'enrolled', 'maintenance', 'retired', 'quarantined'];
const phases = ['off', 'firmware', 'build', 'kernel', 'init', 'run'];
const inOrder = new Intl.Collator('en', { numeric: true }).compare;
const link = (n, cls, ...content) => el('a', { class: cls, href: '/v1/nodes/' + encodeURIComponent(n.id) + '/timeline', 'data-node': n.id }, ...content);
const mostInDetail = 60;
const mostEndedShown = 6;

function counts(nodes) {
  const known = states.map((state) => ({ state, count: nodes.filter((n) => n.state === state).length })).filter(({ count }) => count > 0);
  const bar = div('share', known.map(({ state, count }) => el('i', { class: 's-' + state, style: 'flex-grow:' + count })));
  const legend = div('legend', known.map(({ state, count }) =>
    el('button', { class: 'count s-' + state, 'data-only': state, 'aria-pressed': String(only === state), title: 'show only these' }, el('b', {}, count), ' ' + state)));
  return [bar, legend];
}

function attention(nodes, now) {
  const worries = nodes.flatMap((n) => { const w = worry(n, now); return w === null ? [] : [{ n, ...w }]; }).sort((a, b) => a.rank - b.rank || inOrder(a.n.id, b.n.id));
  document.title = (worries.length > 0 ? '(' + worries.length + ') ' : '') + 'Rackwright';
  if (worries.length === 0) return [el('p', { class: 'calm' }, nodes.length === 0 ? 'There is no node yet: import a lab with POST /v1/labs.' : 'Nothing needs attention.')];
  return [el('ul', { class: 'worries' }, worries.map(({ n, rank, what, why }) =>
    el('li', { class: rank === 0 ? 's-quarantined' : rank < 3 ? 's-in-use' : 's-maintenance' }, link(n, 'name', n.id), text('what', what), text('why', why))))];
}

/* Where a machine is on its way up: one mark for each phase. */
const ladder = (n) => el('span', { class: 'ladder', 'aria-hidden': 'true' }, phases.map((phase) => el('i', { class: phase === n.phase.name ? 'here' : null })));

function tile(n, now, brief) {
  const j = n.job;
  const state = isOffline(n) ? 'offline' : n.state;
  const marks = [
    j !== null && j.attempt > 1 ? text('mark', 'attempt ' + j.attempt) : null,
    n.correctiveReboots > 0 ? text('mark', many(n.correctiveReboots, 'corrective reboot')) : null,
  ].filter((mark) => mark !== null);
  const bar = isWriting(n) ? el('div', { class: 'bar', role: 'progressbar', 'aria-label': 'written', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': shareOf(j) }, el('i', { style: 'width:' + shareOf(j) + '%' })) : null;
  const cls = 'tile s-' + n.state + (isOffline(n) ? ' offline' : '') + (isLate(n, now) || (j !== null && j.correcting !== null) ? ' late' : '');
  if (brief) return link(n, cls, text('name', n.id), div('row', text('state', state), text('phase', isWriting(n) ? shareOf(j) + ' %' : n.phase.name)), bar);
  const after = n.fault !== null ? div('fault', n.fault)
    : isOffline(n) ? div('soft', n.administrative.reason || '')
    : isWriting(n) ? div('soft', 'written ' + bytes(j.doneBytes) + ' of ' + bytes(j.totalBytes) + ', ' + shareOf(j) + ' %')
    : j !== null ? div('soft', 'awaits ' + j.awaits)
    : n.reservation !== null ? div('soft', 'for ' + n.reservation)
    : n.image !== null ? div('soft', 'holds ' + n.image) : null;
  return link(n, cls, div('row', text('name', n.id), text('state', state)), div('row', text('doing', doing(n, now)), ladder(n)), bar, after, marks.length > 0 ? div('marks', marks) : null);
}

/* A rack is a tag that says so (rack-a, rack:12); a lab without such tags is one rack. */
const rackOf = (n) => n.tags.find((tag) => /^rack\W?\w/i.test(tag)) || '';
function racks(nodes, now) {
  const groups = new Map();
  for (const n of [...nodes].sort((a, b) => inOrder(a.id, b.id))) {
    const key = JSON.stringify([n.lab, rackOf(n)]);
    groups.set(key, [...(groups.get(key) || []), n]);
  }
  const brief = nodes.length > mostInDetail;
  return [...groups].sort(([a], [b]) => inOrder(a, b)).map(([key, members]) => {
    const [name, rack] = JSON.parse(key);
    return el('section', { class: 'rack' }, el('h3', {}, text('name', name), rack === '' ? null : ' ' + rack, text('soft', ' ' + many(members.length, 'node'))),
      div('grid' + (brief ? ' brief' : ''), members.map((n) => tile(n, now, brief))));
  });
}

const tint = { new: 'enrolled', loading: 'loading', reserved: 'available', 'in-use': 'in-use', reclaim: 'reclaiming', complete: 'maintenance', failed: 'quarantined' };
const reservation = (r, now) => el('article', { class: 'card s-' + (tint[r.state] || 'enrolled') + (isEnded(r) ? ' ended' : '') },
  div('row', text('', text('name', r.id), text('soft owner', ' for ', text('name', r.owner))), text('state', r.state)),
  div('doing', course(r, now)),
  r.cause === null ? null : div('fault', r.cause.message),
  isEnded(r) ? null : div('soft', r.count + ' × ' + r.class + ' with ' + r.image + ' (' + r.revision + ')' + (r.correctiveReboots > 0 ? ', ' + many(r.correctiveReboots, 'corrective reboot') : '')),
  isEnded(r) || r.nodes.length === 0 ? null : div('chips', r.nodes.map((n) => link(n, 'chip s-' + n.state, n.id))),
  r.connections.map((c) => div('connection', text('soft', c.node), el('code', {}, login(c)))));

function reservations(all, now) {
  const open = all.filter((r) => !isEnded(r)).sort((a, b) => b.createdAt - a.createdAt);
  const ended = all.filter(isEnded).sort((a, b) => (b.endedAt || b.since) - (a.endedAt || a.since));
  return [
    open.length === 0 ? el('p', { class: 'calm' }, 'Nobody has reserved anything.') : div('cards', open.map((r) => reservation(r, now))),
    ended.length === 0 ? null : el('h3', {}, 'Over', text('soft', ' the last ' + Math.min(ended.length, mostEndedShown) + ' of ' + ended.length)),
    ended.length === 0 ? null : div('cards', ended.slice(0, mostEndedShown).map((r) => reservation(r, now))),
  ];
}
`;
