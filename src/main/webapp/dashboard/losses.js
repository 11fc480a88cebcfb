// Offsets that were lost, and on demand those that hold no record for another reason.

import {inEachLanguage, text, whole} from './language.js';
import {read} from './operator.js';
import {$, element, setText} from './page.js';
import {offsetsOf, showRows, timeCell} from './rows.js';

const REFRESH_MILLIS = 60_000;
const REASONS = {
  deleted: 'losses.deleted', 'topic deleted': 'losses.topicDeleted',
  transaction: 'losses.transaction', compaction: 'losses.compaction',
};

let losses = [];
let timer;

/** Reads the losses now, and every minute from now on. */
export async function loadLosses() {
  clearTimeout(timer);
  try {
    losses = (await (await read(`/api/losses?gaps=${$('gaps').checked}`)).json()).losses;
    setText('losses-error', '');
    show();
  } catch (error) {
    setText('losses-error', error.message);
  }
  clearTimeout(timer);
  timer = setTimeout(loadLosses, REFRESH_MILLIS);
}

function show() {
  const rows = losses.map(loss => ({...loss, id: `${loss.topicId} ${loss.partition} ${loss.firstOffset} ${loss.reason}`}));
  showRows($('losses'), rows, text($('gaps').checked ? 'losses.noGaps' : 'losses.none'), 5, loss => element('tr', {},
    timeCell(loss.notedAt), element('td', {textContent: loss.topic}),
    element('td', {className: 'code', textContent: `${loss.partition}·${offsetsOf(loss.firstOffset, loss.lastOffset)}`}),
    element('td', {className: 'code', textContent: whole(loss.lastOffset - loss.firstOffset + 1)}),
    element('td', {textContent: text(REASONS[loss.reason])})));
}

$('gaps').addEventListener('change', loadLosses);
inEachLanguage(() => {
  $('losses').replaceChildren();
  show();
});
