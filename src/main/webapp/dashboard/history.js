// The charts of the last minutes or hours.

import {Chart, Readiness} from './charts.js';
import {text} from './language.js';
import {read} from './operator.js';
import {$, setText} from './page.js';
import {PARTS} from './stages.js';

/** The server keeps the last five minutes in full, and longer ranges in longer steps. */
const LIVE = '5m';
const MIN_REFRESH_MILLIS = 5000;

const lines = (...keys) => keys.map(([key, label, spanGaps]) => ({key, label: () => text(label), of: sample => sample[key], spanGaps}));
const charts = {
  rate: new Chart('chart-rate', lines(['in', 'chart.in'], ['stored', 'chart.stored'])),
  lag: new Chart('chart-lag', [], true),
  latency: new Chart('chart-latency', lines(['p50', 'chart.median', true], ['p99', 'chart.p99', true])),
  batch: new Chart('chart-batch', lines(['batch', 'chart.perTransaction', true])),
  dead: new Chart('chart-dead', lines(['dead', 'chart.deadLetters'])),
};
const readiness = new Readiness('chart-health', PARTS);

let live = [];
let length = 300;
let range = LIVE;
let timer;
let received = 0;

/** Returns the newest sample; undefined if there is none. */
export const newest = () => live.at(-1);

/** Begins again with what the server has kept. */
export function startHistory(hello) {
  live = hello.history;
  length = hello.samples;
  if (range === LIVE) show(live, length);
  else load();
}

export function addSample(sample) {
  if (live.length && sample.t - live.at(-1).t > 5000) {
    live.push({t: live.at(-1).t + 1, up: live.at(-1).up});
  }
  live = [...live, sample].slice(-length);
  $('charts').dataset.samples = ++received;
  if (range === LIVE) show(live, length);
}

function show(samples, wanted) {
  const partitions = Object.keys(samples.at(-1)?.lag ?? {});
  if (partitions.length) {
    const topics = new Set(partitions.map(partition => partition.replace(/-\d+$/, '')));
    charts.lag.lines(partitions.map(key => ({
      key, label: () => topics.size > 1 ? key : key.replace(/^.*-/, ''), of: sample => sample.lag?.[key]})));
  }
  for (const chart of Object.values(charts)) chart.show(samples);
  readiness.show(samples, wanted);
  $('charts').dataset.range = range;
}

async function load() {
  clearTimeout(timer);
  if (range === LIVE) {
    setText('range-error', '');
    show(live, length);
    return;
  }
  const asked = range;
  let pause = MIN_REFRESH_MILLIS;
  try {
    const history = await (await read(`/api/history?range=${asked}`)).json();
    if (range !== asked) return;
    setText('range-error', '');
    show(history.samples, history.maxSamples);
    pause = Math.max(pause, history.stepMillis);
  } catch (error) {
    if (range === asked) setText('range-error', error.message);
  }
  if (range === asked) timer = setTimeout(load, pause);
}

for (const button of $('ranges').querySelectorAll('button')) {
  button.addEventListener('click', () => {
    range = button.value;
    for (const other of $('ranges').querySelectorAll('button')) other.setAttribute('aria-pressed', other === button);
    load();
  });
}
