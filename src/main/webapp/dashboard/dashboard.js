import {Live} from './live.js';
import {Chart, Readiness} from './charts.js';

const PARTS = {database: 'Database', broker: 'Broker', consumer: 'Consumer', producer: 'Producer'};
const $ = id => document.getElementById(id);
const number = new Intl.NumberFormat('en', {maximumFractionDigits: 1});
const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

let authorization = null;
let samples = [];
let length = 300;
let updatesPaused = false;
let latestEvents = [];
let latestState = null;
let signedIn = () => {};

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function setText(id, text) {
  const node = typeof id === 'string' ? $(id) : id;
  if (node.textContent !== text) node.textContent = text;
}

/** Shows an address that may be wrapped only after its separators. */
function showAddress(node, text) {
  if (node.textContent === text) return;
  node.replaceChildren(...text.split(/(?<=[@:/])/).flatMap(part => [part, element('wbr')]));
}

const announce = text => setText('announcement', text);

// --- charts

const charts = {
  rate: new Chart('chart-rate', [
    {key: 'in', label: 'in', of: sample => sample.in},
    {key: 'stored', label: 'stored', of: sample => sample.stored}]),
  lag: new Chart('chart-lag', []),
  latency: new Chart('chart-latency', [
    {key: 'p50', label: 'median', of: sample => sample.p50, spanGaps: true},
    {key: 'p99', label: '99 %', of: sample => sample.p99, spanGaps: true}]),
  batch: new Chart('chart-batch', [{key: 'batch', label: 'records per transaction', of: sample => sample.batch, spanGaps: true}]),
  dead: new Chart('chart-dead', [{key: 'dead', label: 'dead letters', of: sample => sample.dead}]),
};
const readiness = new Readiness('chart-health', PARTS);

function showSamples() {
  const now = samples.at(-1);
  const partitions = Object.keys(now?.lag ?? {});
  if (partitions.length) {
    const topics = new Set(partitions.map(partition => partition.replace(/-\d+$/, '')));
    charts.lag.lines(partitions.map(key => ({
      key, label: topics.size > 1 ? key : key.replace(/^.*-/, ''), of: sample => sample.lag?.[key]})));
  }
  for (const chart of Object.values(charts)) chart.show(samples);
  readiness.show(samples, length);
  for (const node of document.querySelectorAll('[data-value]')) {
    const value = now?.[node.dataset.value];
    setText(node, value === undefined ? '–' : number.format(value));
  }
  for (const pipe of document.querySelectorAll('.pipe')) {
    const rate = now?.[pipe.dataset.rate] ?? 0;
    pipe.dataset.flows = rate > 0;
    // from 1.6 s at one event per second to 0.25 s at 100,000: visible, but not flickering
    pipe.style.setProperty('--pace', `${Math.max(.25, 1.6 - .27 * Math.log10(Math.max(1, rate))).toFixed(2)}s`);
  }
}

function addSample(sample) {
  if (samples.length && sample.t - samples.at(-1).t > 5000) {
    samples.push({t: samples.at(-1).t + 1, up: samples.at(-1).up});
  }
  samples.push(sample);
  samples = samples.slice(-length);
  showSamples();
}

// --- stages and their state

function showState(state) {
  latestState = state;
  const {sources, consumer} = state.pipeline;
  const running = sources.filter(source => !source.paused);
  setText('source-count', sources.length ? `${running.length}` : '0');
  setText('source-unit', `of ${sources.length} ${sources.length === 1 ? 'source' : 'sources'} running`);
  setText('source-note', sources.map(source => source.name).join(', ') || 'none; other producers may write to the topic');

  const troubles = [];
  for (const check of state.health) {
    const stage = document.querySelector(`[data-part=${check.name}]`);
    const badge = stage.querySelector('.badge');
    const off = check.name === 'producer' && (check.data.enabled === 'false' || (sources.length && !running.length))
      || check.name === 'consumer' && (!consumer.enabled || consumer.paused);
    const disabled = check.name === 'producer' ? check.data.enabled === 'false' : check.name === 'consumer' && !consumer.enabled;
    const was = stage.dataset.up;
    stage.dataset.up = check.up;
    badge.classList.toggle('idle', Boolean(off));
    setText(badge, disabled ? 'off' : off ? 'paused' : check.up ? 'ready' : 'down');
    if (was !== undefined && was !== String(check.up)) {
      announce(`${PARTS[check.name]} is ${check.up ? 'ready again' : 'down'}`);
    }
    if (!check.up && !off) troubles.push(`${PARTS[check.name]} is down${check.data.lastError ? `: ${check.data.lastError}` : ''}`);
    if (check.data.lostOffsets) {
      troubles.push(`${whole.format(check.data.lostOffsets)} offsets were deleted from the topic before they were stored: see /api/losses`);
    }
    if (check.data.logsGoneBack) {
      troubles.push(`The broker has lost records that are stored (${whole.format(check.data.logsGoneBack)} times); what it holds now is stored as a new incarnation: see the log`);
    }
    if (off && check.name === 'consumer' && !disabled) troubles.push('Consumer is paused: records wait in Kafka until it is resumed');
  }
  const list = $('troubles');
  if (list.dataset.shown !== troubles.join('\n')) {
    list.dataset.shown = troubles.join('\n');
    list.replaceChildren(...troubles.map(text => element('li', {textContent: text})));
  }
  const data = Object.fromEntries(state.health.map(check => [check.name, check.data]));
  const {sent, notSent, stored, skipped, retries} = state.sinceStart;
  setText('producer-note', `${whole.format(sent)} sent since start` + (notSent ? `, ${whole.format(notSent)} not sent` : ''));
  setText('broker-note', `${state.topics.join(', ')}; ` + (samples.at(-1)?.lagTotal === undefined
    ? 'lag unknown' : `lag ${whole.format(samples.at(-1).lagTotal)}`));
  setText('consumer-note', `${whole.format(stored)} stored since start` + (skipped ? `, ${whole.format(skipped)} skipped` : '')
    + (retries ? `, ${whole.format(retries)} ${retries === 1 ? 'retry' : 'retries'}` : ''));
  showAddress($('database-note'), data.database?.address ?? '');
  showRowCount();
  showControls();
}

let estimate = null;

function showDatabase(database) {
  // PostgreSQL updates its estimate every few minutes; add what this instance has stored since
  if (!database.estimated) estimate = null;
  else if (estimate?.events !== database.events) estimate = {events: database.events, stored: latestState?.sinceStart.stored};
  showRowCount(database.events);
  setText('waiting', whole.format(database.deadLetters));
  $('replay-all').disabled = !database.deadLetters;
}

function showRowCount(events) {
  if (estimate) {
    estimate.stored ??= latestState?.sinceStart.stored;
    const since = Math.max(0, (latestState?.sinceStart.stored ?? 0) - (estimate.stored ?? 0));
    setText('rows', `≈ ${whole.format(estimate.events + since)}`);
  } else if (events !== undefined) {
    setText('rows', whole.format(events));
  }
}

// --- events and dead letters

const time = text => {
  const parsed = new Date(text);
  return isNaN(parsed) ? text : parsed.toLocaleTimeString('en-GB') + '.' + String(parsed.getMilliseconds()).padStart(3, '0');
};

function payloadCell(row, onOpen) {
  const cut = row.characters ? `… (${whole.format(row.characters)} characters)` : '';
  const button = element('button', {type: 'button', textContent: row.payload + cut, 'aria-expanded': 'false', title: 'Show or hide the full payload'});
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', open);
    if (open) onOpen();
  });
  return element('td', {className: 'payload'}, button);
}

const timeCell = text => element('td', {className: 'code'}, element('time', {dateTime: text, title: text, textContent: time(text)}));
const topicCell = row => element('td', {textContent: row.topic ?? ''});
const offsetCell = row => element('td', {className: 'code', textContent: `${row.partition ?? '?'}·${row.offset}`});

function showRows(body, rows, empty, columns, make) {
  const before = new Map([...body.children].map(row => [row.dataset.id, row]));
  const first = !before.size || before.has(undefined) || before.has('undefined');
  body.replaceChildren(...rows.map(row => {
    const old = before.get(String(row.id));
    if (old) {
      old.classList.remove('new');
      return old;
    }
    const made = make(row);
    made.dataset.id = row.id;
    if (!first) made.className = 'new';
    return made;
  }));
  if (!rows.length) body.append(element('tr', {}, element('td', {colSpan: columns, className: 'empty', textContent: empty})));
}

function showEvents(events) {
  latestEvents = events;
  if (updatesPaused) return;
  showRows($('events'), events, 'No events yet.', 4, event => element('tr', {},
    timeCell(event.timestamp), topicCell(event), offsetCell(event), payloadCell(event, () => pauseUpdates(true))));
}

function pauseUpdates(on) {
  updatesPaused = on;
  $('hold').setAttribute('aria-pressed', on);
  setText($('hold'), on ? 'Resume updates' : 'Pause updates');
  if (!on) showEvents(latestEvents);
}
$('hold').addEventListener('click', () => pauseUpdates(!updatesPaused));

function showLetters(letters) {
  showRows($('letters'), letters, 'No dead letters waiting.', 6, letter => {
    const replay = element('button', {type: 'button', textContent: 'Replay', 'aria-label': `Replay dead letter ${letter.id}`});
    replay.addEventListener('click', () => replayLetters(`/api/dead-letters/${letter.id}/replay`, replay));
    return element('tr', {}, timeCell(letter.receivedAt), topicCell(letter), offsetCell(letter),
      element('td', {className: 'reason', textContent: letter.reason}), payloadCell(letter, () => {}), element('td', {}, replay));
  });
}

async function replayLetters(path, button) {
  button.disabled = true;
  const result = await operate('POST', path, text => setText('replay-result', text));
  button.disabled = false;
  if (result) {
    const why = result.letters.find(letter => letter.message)?.message;
    setText('replay-result', `${whole.format(result.replayed)} replayed` + (result.failed ? `, ${whole.format(result.failed)} still rejected: ${why}` : ''));
  }
}
$('replay-all').addEventListener('click', event => replayLetters('/api/dead-letters/replay', event.currentTarget));

// --- controls

let controlsShown = '';

function showControls() {
  const {sources, consumer} = latestState.pipeline;
  const shape = JSON.stringify([sources.map(source => [source.name, source.paused, source.interval, source.eventsPerTick, source.topic]), consumer.enabled, consumer.paused]);
  if (shape === controlsShown) return;
  const focused = document.activeElement?.dataset?.control;
  controlsShown = shape;
  const cards = sources.map(source => card(`Source ${source.name}`,
    `${whole.format(source.eventsPerTick)} ${source.eventsPerTick === 1 ? 'event' : 'events'} per tick, to ${source.topic}`, error => {
      const query = `?source=${encodeURIComponent(source.name)}`;
      const input = element('input', {id: `interval-${source.name}`, value: source.interval, autocomplete: 'off', spellcheck: false, 'data-control': `interval ${source.name}`});
      const form = element('form', {className: 'interval'},
        element('label', {htmlFor: input.id, textContent: 'Interval'}), input,
        element('button', {type: 'submit', textContent: 'Set', 'data-control': `set ${source.name}`}));
      form.addEventListener('submit', event => {
        event.preventDefault();
        operate('PUT', `/api/pipeline/producer/interval${query}&interval=${encodeURIComponent(input.value)}`, error);
      });
      return [element('div', {className: 'buttons'},
        control(source.paused ? 'Resume' : 'Pause', `source ${source.name}`, `/api/pipeline/producer/${source.paused ? 'resume' : 'pause'}${query}`, error),
        control('Tick now', `source ${source.name}`, `/api/pipeline/producer/tick${query}`, error)), form];
    }));
  cards.push(card('Consumer', !consumer.enabled ? 'disabled by CONSUMER_ENABLED' : consumer.paused ? 'paused: records wait in Kafka' : 'storing records', error =>
    consumer.enabled ? [element('div', {className: 'buttons'},
      control(consumer.paused ? 'Resume' : 'Pause', 'consumer', `/api/pipeline/consumer/${consumer.paused ? 'resume' : 'pause'}`, error))] : []));
  $('controls').replaceChildren(...cards);
  if (focused) [...$('controls').querySelectorAll('[data-control]')].find(node => node.dataset.control === focused)?.focus();
}

function card(title, note, content) {
  const error = element('p', {className: 'error', role: 'alert'});
  return element('div', {className: 'control'}, element('h3', {textContent: title}), element('p', {className: 'note', textContent: note}),
    ...content(text => setText(error, text)), error);
}

function control(label, of, path, error) {
  // Pause and Resume share one name, so that the focus survives the switch
  const button = element('button', {type: 'button', textContent: label, 'aria-label': `${label} ${of}`, 'data-control': `${label === 'Tick now' ? 'tick' : 'switch'} ${of}`});
  button.addEventListener('click', () => operate('POST', path, error));
  return button;
}

/** Sends a request as the user, after signing in if necessary. Returns the answer, or null after reporting an error. */
async function operate(method, path, error) {
  error('');
  if (!authorization && !await signIn()) return null;
  try {
    const response = await fetch(path, {method, headers: {Authorization: authorization}, credentials: 'omit'});
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) signOut();
    if (!response.ok) {
      error(answer.detail ?? `the server answered with status ${response.status}`);
      return null;
    }
    return answer;
  } catch {
    error('no answer from the server');
    return null;
  }
}

// --- the operator

const dialog = $('sign-in-dialog');

function signIn() {
  setText('sign-in-error', '');
  $('password').value = '';
  if (!dialog.open) dialog.showModal();
  $('password').focus();
  return new Promise(resolve => { signedIn = resolve; });
}

function refusal(response) {
  switch (response.status) {
    case 401: return 'Wrong name or password.';
    case 429: return `Too many wrong passwords. Try again in ${response.headers.get('Retry-After')} seconds.`;
    default: return `The server answered with status ${response.status}.`;
  }
}

function signOut() {
  authorization = null;
  setText('sign-in', 'Sign in');
}

$('sign-in').addEventListener('click', () => {
  if (authorization) {
    signOut();
    announce('signed out');
  } else {
    signIn();
  }
});
$('sign-in-cancel').addEventListener('click', () => dialog.close());
dialog.addEventListener('close', () => signedIn(Boolean(authorization)));

$('sign-in-form').addEventListener('submit', async event => {
  event.preventDefault();
  setText('sign-in-error', '');
  const bytes = new TextEncoder().encode(`${$('user').value}:${$('password').value}`);
  const tried = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  try {
    const response = await fetch('/api/operator', {method: 'POST', headers: {Authorization: tried}, credentials: 'omit'});
    // 403: the name and the password are right, but the user may not control
    if (response.ok || response.status === 403) {
      authorization = tried;
      setText('sign-in', 'Sign out');
      announce('signed in');
      dialog.close();
      live.retry();
    } else {
      setText('sign-in-error', refusal(response));
      $('password').select();
    }
  } catch {
    setText('sign-in-error', 'No answer from the server.');
  }
});

// --- connection to the live feed

let disconnectedSince = null;

function connection(state, text) {
  $('connection').dataset.state = state;
  setText('connection-text', text);
}

const live = new Live('/api/live', {
  headers: () => authorization ? {Authorization: authorization} : {},
  open() {
    if (disconnectedSince) announce('connected again');
    disconnectedSince = null;
    $('away').hidden = true;
    document.body.classList.remove('stale');
    connection('live', 'live');
  },
  disconnected(reason) {
    disconnectedSince ??= new Date();
    connection('away', 'not connected');
    setText('away', `Not connected since ${disconnectedSince.toLocaleTimeString('en-GB')}: ${reason}. The page shows the data from that time and reconnects automatically.`);
    $('away').hidden = false;
    for (const pipe of document.querySelectorAll('.pipe')) pipe.dataset.flows = false;
  },
  refused() {
    connection('away', 'sign-in required');
    if (!dialog.open) signIn();
  },
  message(kind, data) {
    switch (kind) {
      case 'hello':
        samples = data.history;
        length = data.samples;
        showSamples();
        break;
      case 'sample': addSample(data); break;
      case 'state': showState(data); break;
      case 'database': showDatabase(data); break;
      case 'events': showEvents(data); break;
      case 'deadLetters': showLetters(data); break;
    }
  },
});
live.run();
