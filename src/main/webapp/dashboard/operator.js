// Signing in, and requests to the API. The password stays in this page's memory.

import {inEachLanguage, text} from './language.js';
import {$, announce, setText} from './page.js';

const dialog = $('sign-in-dialog');
let authorization = null;
let signedIn = () => {};
const onSignIn = [];

/** Returns the headers of a request to the API. */
export const credentials = () => authorization ? {Authorization: authorization} : {};

/** Calls a function when somebody has signed in. */
export const whenSignedIn = call => onSignIn.push(call);

export function signIn() {
  setText('sign-in-error', '');
  $('password').value = '';
  if (!dialog.open) dialog.showModal();
  $('password').focus();
  return new Promise(resolve => { signedIn = resolve; });
}

/** Asks for a name and a password unless the reader is being asked already. */
export const askToSignIn = () => dialog.open || signIn();

function showButton() {
  setText('sign-in', text(authorization ? 'signIn.out' : 'signIn.in'));
}

function signOut() {
  authorization = null;
  showButton();
}

/** Reads from the API. Returns the response, or throws an error with a message for the reader. */
export async function read(path) {
  let response;
  try {
    response = await fetch(path, {headers: credentials(), credentials: 'omit', cache: 'no-store'});
  } catch {
    throw new Error(text('error.noAnswer'));
  }
  if (!response.ok) throw new Error(await reasonOf(response));
  return response;
}

async function reasonOf(response) {
  const answer = await response.json().catch(() => ({}));
  return answer.detail ?? text('error.status', {status: String(response.status)});
}

/**
 * Sends a request as the user, after signing in if necessary. Returns the answer, or null after reporting an error.
 */
export async function operate(method, path, error, body) {
  error('');
  if (!authorization && !await signIn()) return null;
  let response;
  try {
    response = await fetch(path, {method, body, headers: credentials(), credentials: 'omit'});
  } catch {
    error(text('error.noAnswer'));
    return null;
  }
  if (response.ok) return response.json().catch(() => ({}));
  if (response.status === 401) signOut();
  error(await reasonOf(response));
  return null;
}

function refusal(response) {
  switch (response.status) {
    case 401: return text('signIn.wrong');
    case 429: return text('signIn.tooMany', {seconds: response.headers.get('Retry-After')});
    default: return text('error.status', {status: String(response.status)});
  }
}

inEachLanguage(showButton);
$('sign-in').addEventListener('click', () => {
  if (authorization) {
    signOut();
    announce(text('signIn.signedOut'));
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
      showButton();
      announce(text('signIn.signedIn'));
      dialog.close();
      for (const call of onSignIn) call();
    } else {
      setText('sign-in-error', refusal(response));
      $('password').select();
    }
  } catch {
    setText('sign-in-error', text('error.noAnswer'));
  }
});
