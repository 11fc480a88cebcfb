// The page's texts in the reader's language, and numbers and times as the reader's region writes them. The texts are in
// texts/en.json and texts/fr.json. A text in two forms, {one, other}, is chosen by the value "count". What stands
// between backquotes is shown as code.

const LANGUAGES = ['en', 'fr'];
const REMEMBERED = 'datapipeline.language';
const listeners = [];

let texts = {};
let plurals;
let formats = {};

export let language;
export let locale;

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // the browser may forbid it
  }
}

function remember(chosen) {
  try {
    localStorage.setItem(REMEMBERED, chosen);
  } catch {
    // the choice lasts as long as the page
  }
}

const languageOf = tag => tag.toLowerCase().split('-')[0];

function preferred() {
  const wanted = [remembered(), ...navigator.languages.map(languageOf)];
  return wanted.find(tag => LANGUAGES.includes(tag)) ?? 'en';
}

async function load(chosen) {
  const response = await fetch(new URL(`texts/${chosen}.json`, import.meta.url), {cache: 'no-cache'});
  if (!response.ok) throw new Error(`texts/${chosen}.json: ${response.status}`);
  texts = await response.json();
  language = chosen;
  locale = navigator.languages.find(tag => languageOf(tag) === chosen) ?? chosen;
  plurals = new Intl.PluralRules(locale);
  const clock = {hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23'};
  formats = {
    number: new Intl.NumberFormat(locale, {maximumFractionDigits: 1}),
    whole: new Intl.NumberFormat(locale, {maximumFractionDigits: 0}),
    compact: new Intl.NumberFormat(locale, {notation: 'compact', maximumFractionDigits: 1}),
    percent: new Intl.NumberFormat(locale, {style: 'percent', maximumFractionDigits: 0}),
    // of the language, not of the region: in Canada, French writes 13 h 34 min 40 s, which is too long for charts
    clock: new Intl.DateTimeFormat(chosen, clock),
    minute: new Intl.DateTimeFormat(chosen, {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'}),
    millis: new Intl.DateTimeFormat(chosen, {...clock, fractionalSecondDigits: 3}),
    full: new Intl.DateTimeFormat(locale, {...clock, fractionalSecondDigits: 3, day: 'numeric', month: 'short', year: 'numeric', timeZoneName: 'short'}),
  };
  document.documentElement.lang = chosen;
}

/** Returns a text with its {values}. Numbers are written in the reader's way. */
export function text(key, values = {}) {
  const entry = texts[key];
  const form = typeof entry === 'object' ? entry[plurals.select(values.count)] ?? entry.other : entry ?? key;
  return form.replace(/\{(\w+)\}/g, (all, name) => {
    const value = values[name];
    return typeof value === 'number' ? formats.whole.format(value) : value ?? all;
  });
}

export const number = value => formats.number.format(value);
export const whole = value => formats.whole.format(value);
export const compact = value => formats.compact.format(value);
export const percent = value => formats.percent.format(value);
export const clock = date => formats.clock.format(date);
export const minute = date => formats.minute.format(date);

/** Returns the time of day of a time in ISO 8601, or what it is instead: PostgreSQL knows an infinity. */
export const timeOf = iso => formatted(formats.millis, iso);

/** Returns the date, time and zone of a time in ISO 8601. */
export const dateOf = iso => formatted(formats.full, iso);

function formatted(format, iso) {
  const date = new Date(iso);
  return isNaN(date) ? iso : format.format(date);
}

/** Fills an element with a text whose code is between backquotes. */
export function fill(node, content) {
  node.replaceChildren(...content.split('`').map((part, index) => {
    if (index % 2 === 0) return part;
    const code = document.createElement('code');
    code.textContent = part;
    return code;
  }));
}

/** Puts the texts into the elements that name one. */
function translate() {
  for (const node of document.querySelectorAll('[data-text]')) fill(node, text(node.dataset.text));
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', text(node.dataset.label));
  for (const node of document.querySelectorAll('[data-hint]')) node.placeholder = text(node.dataset.hint);
}

/** Calls a function now and each time when the language has changed. */
export function inEachLanguage(show) {
  listeners.push(show);
  show();
}

await load(preferred());
translate();

const select = document.getElementById('language');
select.value = language;
select.addEventListener('change', async () => {
  const chosen = select.value;
  try {
    await load(chosen);
  } catch {
    select.value = language;
    return;
  }
  remember(chosen);
  translate();
  for (const show of listeners) show();
});
