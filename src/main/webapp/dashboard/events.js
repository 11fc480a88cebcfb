// The newest events, and a search among the stored ones.

import {inEachLanguage, text} from './language.js';
import {read} from './operator.js';
import {$, element, setText} from './page.js';
import {offsetCell, payloadCell, showRows, timeCell, topicCell} from './rows.js';

const PAGE = 50;

let latest = [];
let found = null; // the events of a search; null while the newest events are shown
let next = null;
let failure = '';
let paused = false;
let searches = 0;

/** Shows the newest events, unless others were searched for or updates are paused. */
export function showEvents(events) {
  latest = events;
  if (!paused && !found) show(latest);
}

function show(events) {
  const empty = text(found ? 'events.noneFound' : 'events.none');
  showRows($('events'), events, empty, 4, event => element('tr', {},
    timeCell(event.timestamp, `#event/${event.id}`), topicCell(event), offsetCell(event),
    payloadCell(event, () => found || pauseUpdates(true), async () => (await read(`/api/events/${event.id}/payload`)).text())));
}

function pauseUpdates(on) {
  paused = on;
  showHold();
  if (!on && !found) show(latest);
}

function showHold() {
  $('hold').setAttribute('aria-pressed', paused);
  setText('hold', text(paused ? 'events.resume' : 'events.pause'));
}
$('hold').addEventListener('click', () => pauseUpdates(!paused));

// --- search

/** Fills the list of topics and keeps the choice. */
export function showTopics(topics) {
  const select = $('filter-topic');
  if (select.dataset.topics === topics.join()) return;
  select.dataset.topics = topics.join();
  const chosen = select.value;
  select.replaceChildren(select.firstElementChild, ...topics.map(topic => element('option', {value: topic, textContent: topic})));
  select.value = topics.includes(chosen) ? chosen : '';
}

function query() {
  const parameters = new URLSearchParams({limit: PAGE, preview: true});
  for (const name of ['topic', 'text', 'path', 'value']) {
    const value = $(`filter-${name}`).value;
    if (value) parameters.set(name, value);
  }
  for (const name of ['from', 'to']) {
    const time = new Date($(`filter-${name}`).value);
    if (!isNaN(time)) parameters.set(name, time.toISOString());
  }
  return parameters;
}

/** Reads a page of a search; the first one replaces what was found before. */
async function search(address, more = false) {
  const mine = ++searches;
  failure = '';
  setText('filter-result', text('events.searching'));
  try {
    const page = await (await read(address)).json();
    if (mine !== searches) return;
    found = more ? [...found, ...page.events] : page.events;
    next = page.next ?? null;
  } catch (error) {
    if (mine !== searches) return;
    found ??= [];
    failure = error.message;
  }
  showSearch();
}

function showSearch() {
  setText('events-title', text(found ? 'events.found' : 'events.newest'));
  $('hold').hidden = Boolean(found);
  $('filter-clear').hidden = !found;
  $('more').hidden = !next || Boolean(failure);
  setText('filter-result', failure || (found ? text(next ? 'events.countOfMore' : 'events.count', {count: found.length}) : ''));
  $('filter-result').classList.toggle('error', Boolean(failure));
  show(found ?? latest);
}

$('filter').addEventListener('submit', event => {
  event.preventDefault();
  search(`/api/events?${query()}`);
});
$('filter').addEventListener('reset', () => {
  searches++;
  found = next = null;
  failure = '';
  showSearch();
});
$('more').addEventListener('click', () => search(next, true));

inEachLanguage(() => {
  showHold();
  $('events').replaceChildren();
  showSearch();
});
