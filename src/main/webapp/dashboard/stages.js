// The stages of the data flow, with what is wrong.

import {fill, inEachLanguage, number, text, whole} from './language.js';
import {$, announce, element, setText} from './page.js';

/** The parts that have a health check, with the keys of their names. */
export const PARTS = {database: 'part.database', broker: 'part.broker', consumer: 'part.consumer', producer: 'part.producer'};

let state = null;
let latest = null;
let database = null;
let storedAtEstimate;

/** Shows an address that may be wrapped only after its separators. */
function showAddress(node, address) {
  if (node.textContent === address) return;
  node.replaceChildren(...address.split(/(?<=[@:/])/).flatMap(part => [part, element('wbr')]));
}

/** Shows the rates of the last second. */
export function showRates(sample) {
  latest = sample;
  for (const node of document.querySelectorAll('[data-value]')) {
    const value = sample?.[node.dataset.value];
    setText(node, value === undefined ? '–' : number(value));
  }
  for (const pipe of document.querySelectorAll('.pipe')) {
    const rate = sample?.[pipe.dataset.rate] ?? 0;
    pipe.dataset.flows = rate > 0;
    // from 1.6 s at one event per second to 0.25 s at 100,000: visible, but not flickering
    pipe.style.setProperty('--pace', `${Math.max(.25, 1.6 - .27 * Math.log10(Math.max(1, rate))).toFixed(2)}s`);
  }
}

export function stopFlow() {
  for (const pipe of document.querySelectorAll('.pipe')) pipe.dataset.flows = false;
}

export function showStages(newState) {
  state = newState;
  const {sources, consumer} = state.pipeline;
  const running = sources.filter(source => !source.paused);
  setText('source-count', whole(running.length));
  setText('source-unit', text('source.running', {count: sources.length}));
  setText('source-note', sources.map(source => source.name).join(', ') || text('source.none'));
  showTroubles(state.health.flatMap(check => showCheck(check, sources, running, consumer)));

  const data = Object.fromEntries(state.health.map(check => [check.name, check.data]));
  const {sent, notSent, stored, skipped, retries} = state.sinceStart;
  setText('producer-note', list(text('producer.sent', {count: sent}), notSent && text('producer.notSent', {count: notSent})));
  setText('broker-note', `${state.topics.join(', ')} · ${latest?.lagTotal === undefined ? text('broker.lagUnknown') : text('broker.lag', {count: latest.lagTotal})}`);
  setText('consumer-note', list(text('consumer.stored', {count: stored}), skipped && text('consumer.skipped', {count: skipped}),
    retries && text('consumer.retries', {count: retries})));
  showAddress($('database-note'), data.database?.address ?? '');
  showRowCount();
}

const list = (...parts) => parts.filter(Boolean).join(', ');

/** Shows one health check, and returns what is wrong. */
function showCheck(check, sources, running, consumer) {
  const stage = document.querySelector(`[data-part=${check.name}]`);
  const badge = stage.querySelector('.badge');
  const name = text(PARTS[check.name]);
  const disabled = check.name === 'producer' ? check.data.enabled === 'false' : check.name === 'consumer' && !consumer.enabled;
  const off = disabled || check.name === 'producer' && sources.length && !running.length || check.name === 'consumer' && consumer.paused;
  const was = stage.dataset.up;
  stage.dataset.up = check.up;
  badge.classList.toggle('idle', Boolean(off));
  setText(badge, text(disabled ? 'badge.off' : off ? 'badge.paused' : check.up ? 'badge.ready' : 'badge.down'));
  if (was !== undefined && was !== String(check.up)) {
    announce(text(check.up ? 'trouble.upAgain' : 'trouble.down', {part: name}));
  }
  const troubles = [];
  if (!check.up && !off) {
    troubles.push(check.data.lastError ? text('trouble.downBecause', {part: name, reason: check.data.lastError}) : text('trouble.down', {part: name}));
  }
  if (check.data.lostOffsets) troubles.push(text('trouble.lost', {count: Number(check.data.lostOffsets)}));
  if (check.data.logsGoneBack) troubles.push(text('trouble.wentBack', {count: Number(check.data.logsGoneBack)}));
  if (off && check.name === 'consumer' && !disabled) troubles.push(text('trouble.paused'));
  return troubles;
}

function showTroubles(troubles) {
  const node = $('troubles');
  if (node.dataset.shown === troubles.join('\n')) return;
  node.dataset.shown = troubles.join('\n');
  node.replaceChildren(...troubles.map(trouble => element('li', {textContent: trouble})));
}

export function showDatabase(newDatabase) {
  if (newDatabase.events !== database?.events) storedAtEstimate = state?.sinceStart.stored;
  database = newDatabase;
  showRowCount();
}

function showRowCount() {
  if (!database) return;
  fill($('waiting'), text('database.waiting', {count: database.deadLetters}));
  if (database.estimated) {
    // PostgreSQL updates its estimate every few minutes; add what this instance has stored since
    storedAtEstimate ??= state?.sinceStart.stored;
    const since = Math.max(0, (state?.sinceStart.stored ?? 0) - (storedAtEstimate ?? 0));
    setText('rows', `≈ ${whole(database.events + since)}`);
  } else {
    setText('rows', whole(database.events));
  }
}

inEachLanguage(() => {
  showRates(latest);
  if (state) showStages(state);
});
