// Reads server-sent events. EventSource is not used because it cannot send credentials and stops reconnecting
// when the server answers with an error.

import {text} from './language.js';

const SILENCE_MILLIS = 8000;
const MAX_PAUSE_MILLIS = 5000;

export class Live {
  #url;
  #on;
  #controller = null;
  #pause = 500;
  #wake = () => {};

  /**
   * on.headers() returns the headers of each request. on.open() is called when the stream begins, and
   * on.message(kind, data) for each event. on.disconnected(reason) is called when the stream ends or cannot be
   * opened, and on.refused() when credentials are missing or wrong.
   */
  constructor(url, on) {
    this.#url = url;
    this.#on = on;
  }

  async run() {
    document.addEventListener('visibilitychange', () => {
      // browsers limit the connections per host, so a hidden page gives its connection up
      if (document.hidden) this.#controller?.abort();
      else this.#wake();
    });
    for (;;) {
      if (document.hidden) await this.#sleep(Infinity);
      try {
        await this.#read();
      } catch (error) {
        if (!document.hidden && !(error instanceof Refused)) this.#on.disconnected(reasonOf(error));
      }
      await this.#sleep(this.#pause);
      this.#pause = Math.min(this.#pause * 2, MAX_PAUSE_MILLIS);
    }
  }

  /** Reconnects now, for example with new credentials. */
  retry() {
    this.#wake();
  }

  async #read() {
    const controller = this.#controller = new AbortController();
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new Error(text('live.silent'))), SILENCE_MILLIS);
    };
    alive();
    try {
      const response = await fetch(this.#url, {
        headers: {Accept: 'text/event-stream', ...this.#on.headers()},
        credentials: 'omit', cache: 'no-store', signal: controller.signal,
      });
      if (response.status === 401 || response.status === 403) {
        this.#on.refused();
        this.#pause = MAX_PAUSE_MILLIS;
        throw new Refused();
      }
      if (!response.ok) {
        throw new Error(response.status === 503 ? text('live.tooMany') : text('error.status', {status: String(response.status)}));
      }
      this.#on.open();
      this.#pause = 500;
      await this.#parse(response.body.pipeThrough(new TextDecoderStream()).getReader(), alive);
      throw new Error(text('live.closed'));
    } finally {
      clearTimeout(timer);
    }
  }

  async #parse(reader, alive) {
    let rest = '';
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      alive();
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) {
        let kind = 'message';
        let data = '';
        for (const line of block.split('\n')) {
          if (line.startsWith('event: ')) kind = line.slice(7);
          else if (line.startsWith('data: ')) data += line.slice(6);
        }
        if (data) this.#on.message(kind, JSON.parse(data));
      }
    }
  }

  #sleep(millis) {
    return new Promise(resolve => {
      const timer = millis === Infinity ? 0 : setTimeout(resolve, millis);
      this.#wake = () => { clearTimeout(timer); resolve(); };
    });
  }
}

class Refused extends Error {}

function reasonOf(error) {
  // browsers word network errors differently, and vaguely
  return error instanceof TypeError ? text('error.noAnswer') : error.message;
}
