// The operator's controls of the sources and the consumer.

import {inEachLanguage, language, text} from './language.js';
import {operate} from './operator.js';
import {$, element, setText} from './page.js';

let shown = '';
let pipeline = null;

export function showControls(newPipeline) {
  pipeline = newPipeline;
  const {sources, consumer} = pipeline;
  const shape = JSON.stringify([language, sources.map(source => [source.name, source.paused, source.interval, source.eventsPerTick, source.topic]), consumer.enabled, consumer.paused]);
  if (shape === shown) return;
  const focused = document.activeElement?.dataset?.control;
  shown = shape;
  $('controls').replaceChildren(...sources.map(sourceCard), consumerCard(consumer));
  if (focused) [...$('controls').querySelectorAll('[data-control]')].find(node => node.dataset.control === focused)?.focus();
}

function sourceCard(source) {
  const query = `?source=${encodeURIComponent(source.name)}`;
  const note = text('controls.perTick', {count: source.eventsPerTick, topic: source.topic});
  return card(text('controls.source', {name: source.name}), note, error => {
    const input = element('input', {id: `interval-${source.name}`, value: source.interval, autocomplete: 'off', spellcheck: false, 'data-control': `interval ${source.name}`});
    const form = element('form', {className: 'interval'},
      element('label', {htmlFor: input.id, textContent: text('controls.interval')}), input,
      element('button', {type: 'submit', textContent: text('controls.set'), 'data-control': `set ${source.name}`}));
    form.addEventListener('submit', event => {
      event.preventDefault();
      operate('PUT', `/api/pipeline/producer/interval${query}&interval=${encodeURIComponent(input.value)}`, error);
    });
    return [element('div', {className: 'buttons'},
      control(source.paused ? 'resume' : 'pause', `source ${source.name}`, source.name, `/api/pipeline/producer/${source.paused ? 'resume' : 'pause'}${query}`, error),
      control('tick', `source ${source.name}`, source.name, `/api/pipeline/producer/tick${query}`, error)), form];
  });
}

function consumerCard(consumer) {
  const action = consumer.paused ? 'resume' : 'pause';
  return card(text('part.consumer'), text(!consumer.enabled ? 'controls.consumerOff' : consumer.paused ? 'controls.consumerPaused' : 'controls.consumerOn'), error =>
    consumer.enabled ? [element('div', {className: 'buttons'},
      control(action, 'consumer', text('part.consumer'), `/api/pipeline/consumer/${action}`, error))] : []);
}

function card(title, note, content) {
  const error = element('p', {className: 'error', role: 'alert'});
  return element('div', {className: 'control'}, element('h3', {textContent: title}), element('p', {className: 'note', textContent: note}),
    ...content(message => setText(error, message)), error);
}

const LABELS = {pause: 'controls.pause', resume: 'controls.resume', tick: 'controls.tick'};

function control(action, of, name, path, error) {
  const label = text(LABELS[action]);
  // pause and resume share one name, so that the focus survives the switch
  const button = element('button', {type: 'button', textContent: label, 'aria-label': text('controls.of', {action: label, name}), 'data-control': `${action === 'tick' ? 'tick' : 'switch'} ${of}`});
  button.addEventListener('click', () => operate('POST', path, error));
  return button;
}

inEachLanguage(() => pipeline && showControls(pipeline));
