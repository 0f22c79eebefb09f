/** Script of the status page: what is shown, fetched anew every second while somebody looks. Text of a browser script. */
export const refresh = `
const everyMs = 1000;
const patienceMs = 10000;
const mostPages = { nodes: 20, reservations: 5 };
let views = JSON.parse(document.getElementById('views').textContent);
let only = null;
let trouble = null;
let cut = false;
/* Ages are told by the server's clock: this machine's own may be wrong. */
const clockOffset = views.now - Date.now();
const serverNow = () => Date.now() + clockOffset;

function draw() {
  const now = serverNow();
  const { nodes } = views;
  show('live', trouble === null ? text('ok', 'live') : text('fault', trouble), cut ? text('soft', ' and more, see /v1/nodes and /v1/reservations') : null);
  show('counts', counts(nodes));
  show('attention', attention(nodes, now));
  show('racks', racks(nodes, now));
  show('reservations', reservations(views.reservations, now));
  document.getElementById('racks').setAttribute('data-only', only || '');
  tell(now);
}

/* On one machine the stack's own issuer says who looks; elsewhere whoever serves the page does. */
let token = null;
async function signIn() {
  if (views.tokenPath === null) return;
  const body = JSON.stringify({ subject: 'status-page', groups: ['operator'] });
  const response = await fetch(views.tokenPath, { method: 'POST', body, signal: AbortSignal.timeout(patienceMs) });
  if (response.ok) token = (await response.json()).access_token;
}
const asked = (path) => fetch(path, { cache: 'no-store', headers: token === null ? {} : { authorization: 'Bearer ' + token }, signal: AbortSignal.timeout(patienceMs) });
async function ask(path) {
  let response = await asked(path);
  if (response.status === 401) {
    await signIn();
    response = await asked(path);
  }
  if (!response.ok) throw new Error(path + ' answered ' + response.status);
  return response.json();
}
async function askAll(name) {
  const items = [];
  let next = null;
  for (let page = 0; page < mostPages[name]; page += 1) {
    const body = await ask('/v1/' + name + (next === null ? '' : '?next=' + encodeURIComponent(next)));
    items.push(...body[name]);
    next = body.next;
    if (next === null) return { items, cut: false };
  }
  return { items, cut: true };
}

/* Asked once for each version of a reservation that is handed over. */
const connectionsAt = new Map();
function connectionsOf({ id, version, state }) {
  if (state !== 'reserved' && state !== 'in-use') return [];
  const key = id + ' ' + version;
  if (!connectionsAt.has(key))
    connectionsAt.set(key, ask('/v1/reservations/' + encodeURIComponent(id) + '/connect').then(({ connections }) => connections, () => {
      connectionsAt.delete(key);
      return [];
    }));
  return connectionsAt.get(key);
}

let answeredAt = Date.now();
async function look() {
  try {
    const [nodes, found] = await Promise.all([askAll('nodes'), askAll('reservations')]);
    const held = Map.groupBy(nodes.items, (node) => node.reservation);
    const reservations = await Promise.all(found.items.map(async (each) => ({
      ...each, nodes: held.get(each.id) ?? [], connections: await connectionsOf(each),
    })));
    views = { nodes: nodes.items, reservations, tokenPath: views.tokenPath };
    cut = nodes.cut || found.cut;
    trouble = null;
    answeredAt = Date.now();
    await followStory();
  } catch (error) {
    trouble = 'no answer for ' + span(Date.now() - answeredAt) + ', trying again (' + error.message + ')';
  }
  draw();
}
/* A page that nobody sees costs nothing. */
async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, everyMs);
}

document.addEventListener('click', (event) => {
  const at = (what) => event.target.closest(what);
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const opened = at('[data-node]');
  if (opened) { event.preventDefault(); location.hash = encodeURIComponent(opened.getAttribute('data-node')); }
  const chosen = at('[data-only]');
  if (chosen && chosen.tagName === 'BUTTON') { const state = chosen.getAttribute('data-only'); only = only === state ? null : state; draw(); }
  if (at('[data-close]')) location.hash = '';
  if (at('[data-earlier]')) readStory(told.entries[0].sequence - 1);
});
document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && told !== null) location.hash = ''; });
window.addEventListener('hashchange', openStory);
openStory();
setTimeout(keepLooking, everyMs);
`;
