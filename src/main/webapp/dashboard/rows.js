// Tables of events, dead letters and losses.

import {dateOf, text, timeOf, whole} from './language.js';
import {element} from './page.js';
import {pretty} from './payload.js';

/** A cell with the time of day; a link if there is a page about the row. */
export function timeCell(iso, href) {
  const time = element('time', {dateTime: iso, title: dateOf(iso), textContent: timeOf(iso)});
  return element('td', {className: 'code'}, href ? element('a', {href}, time) : time);
}

export const topicCell = row => element('td', {textContent: row.topic ?? ''});
export const offsetCell = row => element('td', {className: 'code', textContent: `${row.partition ?? '?'}·${row.offset}`});

/** A cell with the beginning of a payload. A click shows all of it; whole() returns a promise of the complete text. */
export function payloadCell(row, onOpen, complete) {
  const cut = row.characters ? `… ${text('payload.characters', {count: row.characters})}` : '';
  const button = element('button', {type: 'button', textContent: row.payload + cut, 'aria-expanded': 'false', title: text('payload.toggle')});
  const cell = element('td', {className: 'payload'}, button);
  let full = null;
  button.addEventListener('click', async () => {
    const open = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', open);
    full?.remove();
    full = null;
    if (!open) return;
    onOpen();
    full = element('pre', {className: 'full', tabIndex: 0});
    cell.append(full);
    const shown = full;
    try {
      const payload = row.characters ? await complete() : row.payload;
      shown.textContent = pretty(payload) ?? payload;
    } catch (error) {
      shown.textContent = error.message;
    }
  });
  return cell;
}

/** Shows rows, and keeps the elements of those that are shown already. */
export function showRows(body, rows, empty, columns, make) {
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

/** The number of offsets from the first to the last, as text. */
export const offsetsOf = (first, last) => first === last ? whole(first) : `${whole(first)} – ${whole(last)}`;
