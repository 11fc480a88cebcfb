// The pages about one event, one dead letter, and the lag of all partitions. Each has its own address, after "#".

import {dateOf, fill, inEachLanguage, text, whole} from './language.js';
import {replay} from './letters.js';
import {operate, read, whenSignedIn} from './operator.js';
import {$, element, setText} from './page.js';
import {bytesOf, hexDump, pretty} from './payload.js';

const MAX_HEX_BYTES = 65_536;
const LAG_REFRESH_MILLIS = 2000;
const PAGES = {event: showEvent, 'dead-letter': showLetter, lag: showLag};

let shows = 0;
let scrolled = 0;

/** Shows the page that the address names, or the dashboard. */
async function route() {
  const mine = ++shows;
  const [name, id] = location.hash.slice(1).split('/');
  const page = PAGES[name];
  const wasOpen = document.body.classList.contains('detail');
  if (!wasOpen) scrolled = scrollY;
  document.body.classList.toggle('detail', Boolean(page));
  document.body.classList.remove('failed');
  $('details').hidden = !page;
  if (!page) {
    document.title = 'datapipeline';
    if (wasOpen && !name) scrollTo(0, scrolled);
    return;
  }
  const current = () => mine === shows;
  try {
    await page(id, current);
  } catch (error) {
    if (!current()) return;
    document.body.classList.add('failed');
    show(text('details.failed'), element('p', {className: 'error', textContent: error.message}));
  }
}

function show(title, ...content) {
  document.title = `${title} – datapipeline`;
  setText('details-title', title);
  $('details-content').replaceChildren(...content);
}

const read1 = async path => (await read(path)).json();

/** Shows the title and moves the focus there, as following a link does. */
function open(title) {
  show(title, element('p', {className: 'note', textContent: text('details.loading')}));
  $('details-title').focus();
  scrollTo(0, 0);
}

function facts(pairs) {
  return element('dl', {className: 'facts'}, ...pairs.filter(([, value]) => value !== undefined && value !== null).map(([key, value, lang]) =>
    element('div', {}, element('dt', {textContent: text(key)}), element('dd', lang ? {lang} : {}, value))));
}

const section = (key, ...content) => element('section', {}, element('h3', {textContent: text(key)}), ...content);

function duration(millis) {
  return text(Math.abs(millis) < 10_000 ? 'event.millis' : 'event.seconds', {count: Math.abs(millis) < 10_000 ? Math.round(millis) : Math.round(millis / 1000)});
}

// --- one event

async function showEvent(id, current) {
  open(text('event.title', {id}));
  const [event, payload] = await Promise.all([read1(`/api/events/${id}/origin`), read(`/api/events/${id}/payload`).then(response => response.text())]);
  if (!current()) return;
  const later = event.nextOffset - event.offset - 1;
  const step = (key, ...content) => element('li', {}, element('h3', {textContent: text(key)}), ...content);
  show(text('event.title', {id}),
    element('ol', {className: 'path'},
      step('event.sent', facts([['field.timestamp', dateOf(event.timestamp)]]), element('p', {className: 'note', textContent: text('event.sentNote')})),
      step('event.received', facts([['field.topic', event.topic], ['field.partition', String(event.partition)], ['field.offset', whole(event.offset)], ['field.incarnation', event.incarnation ? String(event.incarnation) : null]]),
        element('p', {className: 'note', textContent: text('event.receivedNote')})),
      step('event.stored', facts([['field.row', String(event.id)], ['field.committed', event.committedAt && dateOf(event.committedAt)],
        ['field.delay', event.committedAt && duration(new Date(event.committedAt) - new Date(event.timestamp))]]),
      element('p', {className: 'note'}, ...(event.committedAt ? [text('event.storedNote')] : coded(text('event.noCommitTime'))))),
      step('event.since', facts([['field.later', whole(later)], ['field.moved', dateOf(event.updatedAt)]]), element('p', {className: 'note', textContent: text('event.sinceNote')}))),
    section('field.payload', viewer([
      ['payload.pretty', () => pretty(payload) ?? payload],
      ['payload.raw', () => payload],
    ])));
}

function coded(content) {
  const node = element('span');
  fill(node, content);
  return [node];
}

/** A text that can be seen in several ways. views: [key of the name, function that returns the text]. */
function viewer(views) {
  const pre = element('pre', {className: 'full', tabIndex: 0});
  const buttons = views.map(([key, content]) => {
    const button = element('button', {type: 'button', textContent: text(key)});
    button.addEventListener('click', () => {
      pre.textContent = content();
      pre.classList.toggle('hex', key === 'payload.hex');
      for (const other of buttons) other.setAttribute('aria-pressed', other === button);
    });
    return button;
  });
  const copy = element('button', {type: 'button', textContent: text('payload.copy')});
  copy.addEventListener('click', async () => {
    await navigator.clipboard?.writeText(pre.textContent);
    setText(copy, text('payload.copied'));
  });
  buttons[0].click();
  return element('div', {}, element('div', {className: 'buttons'}, ...buttons, ...(navigator.clipboard ? [copy] : [])), pre);
}

// --- one dead letter

async function showLetter(id, current) {
  open(text('letter.title', {id}));
  const letter = await read1(`/api/dead-letters/${id}`);
  if (!current()) return;
  const payload = bytesOf(letter, 'payload');
  const key = bytesOf(letter, 'key');
  const isText = payload !== null && letter.payloadBase64 === undefined;
  show(text('letter.title', {id}),
    facts([
      ['field.reason', letter.reason, 'en'], ['field.sqlstate', letter.sqlstate], ['letter.state', stateOf(letter)],
      ['field.receivedAt', dateOf(letter.receivedAt)], ['field.timestamp', dateOf(letter.timestamp)],
      ['field.topic', letter.topic], ['field.partition', String(letter.partition ?? '?')], ['field.offset', whole(letter.offset)],
      ['field.key', key === null ? text('field.absent') : new TextDecoder().decode(key)],
      ['field.size', payload === null ? text('field.absent') : text('field.bytes', {count: payload.length})],
    ]),
    section('letter.headers', headersOf(letter)),
    ...(payload === null ? [] : [section('field.payload', viewer([
      ...(isText ? [['payload.text', () => letter.payload]] : []),
      ['payload.hex', () => hexDump(payload, MAX_HEX_BYTES) + (payload.length > MAX_HEX_BYTES ? `\n${text('payload.hexCut', {count: payload.length - MAX_HEX_BYTES})}` : '')],
      ...(isText && pretty(letter.payload) ? [['payload.pretty', () => pretty(letter.payload)]] : []),
    ]))]),
    ...(letter.replayedAt || letter.correctedAt ? [] : [repairOf(letter, payload)]));
}

function stateOf(letter) {
  if (letter.replayedAt) return text('letter.replayed', {time: dateOf(letter.replayedAt)});
  if (letter.correctedAt) {
    return text('letter.corrected', {time: dateOf(letter.correctedAt), partition: String(letter.correctedBy.partition), offset: letter.correctedBy.offset});
  }
  if (letter.correctionSentAt) return text('letter.sent', {time: dateOf(letter.correctionSentAt)});
  return text('letter.waiting');
}

function headersOf(letter) {
  if (!letter.headers?.length && typeof letter.headers !== 'string') return element('p', {className: 'note', textContent: text('letter.noHeaders')});
  const headers = typeof letter.headers === 'string' ? JSON.parse(letter.headers) : letter.headers;
  return element('dl', {className: 'facts'}, ...headers.map(header => element('div', {},
    element('dt', {className: 'name', textContent: header.key}),
    element('dd', {textContent: header.value ?? (header.base64 === undefined ? text('field.absent') : text('field.base64', {value: header.base64}))}))));
}

/** Replay as it is, or as a new record after a change. */
function repairOf(letter, payload) {
  const result = element('p', {className: 'note', role: 'status', id: 'repair-result'});
  const say = message => setText(result, message);
  const again = Boolean(letter.correctionSentAt);
  const unchanged = element('button', {type: 'button', id: 'replay-unchanged', textContent: text('letter.replayUnchanged'), disabled: again});
  unchanged.addEventListener('click', async () => {
    const done = await replay(`/api/dead-letters/${letter.id}/replay`, unchanged, say);
    if (done?.replayed) route();
  });
  const area = element('textarea', {id: 'correction', rows: 10, spellcheck: false, value: payload === null ? '' : new TextDecoder().decode(payload)});
  const send = element('button', {type: 'submit', className: 'primary', textContent: text(again ? 'letter.sendAgain' : 'letter.send')});
  const form = element('form', {className: 'repair'},
    element('label', {htmlFor: 'correction', textContent: text('letter.correction')}), area,
    element('p', {className: 'note'}, ...coded(text(again ? 'letter.againNote' : 'letter.sendNote'))),
    element('div', {className: 'buttons'}, send, unchanged), result);
  form.addEventListener('submit', async event => {
    event.preventDefault();
    send.disabled = true;
    const answer = await operate('POST', `/api/dead-letters/${letter.id}/correction${again ? '?again=true' : ''}`, say, new Blob([area.value], {type: 'application/json'}));
    send.disabled = false;
    if (answer) await follow(letter.id, say);
  });
  return section('letter.repair', form);
}

/** Waits until the new record is stored, which marks the dead letter. */
async function follow(id, say) {
  const mine = shows;
  say(text('letter.sending'));
  for (let tries = 0; tries < 60 && mine === shows; tries++) {
    const letter = await read1(`/api/dead-letters/${id}`).catch(() => ({}));
    if (letter.correctedAt && mine === shows) {
      route();
      return;
    }
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

// --- the lag of all partitions

async function showLag(id, current) {
  open(text('lag.title'));
  while (current()) {
    const {lag, positions} = await read1('/api/stats');
    if (!current()) return;
    const next = new Map(positions.map(position => [`${position.topic} ${position.partition}`, position.nextOffset]));
    const partitions = [...lag?.partitions ?? []].sort((one, other) => other.records - one.records || one.topic.localeCompare(other.topic) || one.partition - other.partition);
    const max = Math.max(1, ...partitions.map(partition => partition.records));
    const rows = partitions.map(({topic, partition, records}) => {
      const bar = element('meter', {min: 0, max, value: records, 'aria-label': text('lag.bar', {topic, partition: String(partition)})});
      return element('tr', {}, element('td', {textContent: topic}), element('td', {className: 'code', textContent: String(partition)}),
        element('td', {className: 'code', textContent: whole(records)}), element('td', {className: 'bar'}, bar),
        element('td', {className: 'code', textContent: whole(next.get(`${topic} ${partition}`) ?? 0)}));
    });
    const head = ['field.topic', 'field.partition', 'lag.records', 'lag.share', 'lag.stored'].map(key => element('th', {scope: 'col', textContent: text(key)}));
    const scroll = $('details').querySelector('.scroll')?.scrollTop ?? 0;
    show(text('lag.title'), element('p', {className: 'note', textContent: lag ? text('lag.total', {count: partitions.length, records: lag.total}) : text('broker.lagUnknown')}),
      element('div', {className: 'scroll', tabIndex: 0, role: 'group', 'aria-label': text('lag.title')},
        element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {id: 'lags'}, ...rows))));
    $('details').querySelector('.scroll').scrollTop = scroll;
    await new Promise(resolve => setTimeout(resolve, LAG_REFRESH_MILLIS));
  }
}

addEventListener('hashchange', route);
whenSignedIn(() => document.body.classList.contains('failed') && route());
inEachLanguage(route);
