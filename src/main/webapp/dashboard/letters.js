// The dead letters that wait, and their replay.

import {inEachLanguage, text} from './language.js';
import {operate, read} from './operator.js';
import {$, element, setText} from './page.js';
import {bytesOf} from './payload.js';
import {offsetCell, payloadCell, showRows, timeCell, topicCell} from './rows.js';

let latest = [];

export function showLetters(letters) {
  latest = letters;
  showRows($('letters'), letters, text('letters.none'), 6, letter => {
    const button = element('button', {type: 'button', textContent: text('letters.replay'), 'aria-label': text('letters.replayOne', {id: String(letter.id)})});
    button.addEventListener('click', () => replay(`/api/dead-letters/${letter.id}/replay`, button, message => setText('replay-result', message)));
    return element('tr', {}, timeCell(letter.receivedAt, `#dead-letter/${letter.id}`), topicCell(letter), offsetCell(letter),
      element('td', {className: 'reason', textContent: letter.reason, lang: 'en'}),
      payloadCell(letter, () => {}, async () => new TextDecoder().decode(bytesOf(await (await read(`/api/dead-letters/${letter.id}`)).json(), 'payload'))),
      element('td', {}, button));
  });
}

/** Replays dead letters and says what has become of them. */
export async function replay(path, button, say) {
  button.disabled = true;
  const result = await operate('POST', path, say);
  button.disabled = false;
  if (!result) return null;
  const reason = result.letters.find(letter => letter.message)?.message;
  say(text('letters.replayed', {count: result.replayed}) + (result.failed ? text('letters.rejected', {count: result.failed, reason}) : ''));
  return result;
}

export const showWaiting = count => { $('replay-all').disabled = !count; };

$('replay-all').addEventListener('click', event => replay('/api/dead-letters/replay', event.currentTarget, message => setText('replay-result', message)));

inEachLanguage(() => {
  $('letters').replaceChildren();
  showLetters(latest);
});
