// The dashboard: gives what the live feed says to the parts of the page.

import {showControls} from './controls.js';
import './details.js';
import {showEvents, showTopics} from './events.js';
import {addSample, newest, startHistory} from './history.js';
import {clock, inEachLanguage, text} from './language.js';
import {showLetters, showWaiting} from './letters.js';
import {Live} from './live.js';
import {loadLosses} from './losses.js';
import {askToSignIn, credentials, whenSignedIn} from './operator.js';
import {$, announce, setText} from './page.js';
import {showDatabase, showRates, showStages, stopFlow} from './stages.js';

const CONNECTION = {connecting: 'live.connecting', live: 'live.live', away: 'live.away', refused: 'live.refused'};

let connected = 'connecting';
let awaySince = null;
let awayReason = '';
let lost;

function showConnection(state = connected) {
  connected = state;
  $('connection').dataset.state = state === 'refused' ? 'away' : state;
  setText('connection-text', text(CONNECTION[state]));
  $('away').hidden = !awaySince;
  if (awaySince) setText('away', text('live.awaySince', {time: clock(awaySince), reason: awayReason}));
}
inEachLanguage(showConnection);

function showState(state) {
  showStages(state);
  showTopics(state.topics);
  showControls(state.pipeline);
  const nowLost = state.health.map(check => check.data.lostOffsets ?? 0).join();
  if (nowLost !== lost) loadLosses();
  lost = nowLost;
}

const live = new Live('/api/live', {
  headers: credentials,
  open() {
    if (awaySince) announce(text('live.again'));
    awaySince = null;
    showConnection('live');
  },
  disconnected(reason) {
    awaySince ??= new Date();
    awayReason = reason;
    showConnection('away');
    stopFlow();
  },
  refused() {
    showConnection('refused');
    askToSignIn();
  },
  message(kind, data) {
    switch (kind) {
      case 'hello':
        startHistory(data);
        showRates(newest());
        break;
      case 'sample':
        addSample(data);
        showRates(data);
        break;
      case 'state': showState(data); break;
      case 'database':
        showDatabase(data);
        showWaiting(data.deadLetters);
        break;
      case 'events': showEvents(data); break;
      case 'deadLetters': showLetters(data); break;
    }
  },
});
whenSignedIn(() => live.retry());
live.run();
