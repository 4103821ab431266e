// Stock k6: the journey of journey.js in k6/http. Pages, logins, think times and the share of slates that are clicked are
// drawn from the same distributions.
import http from 'k6/http';
import { sleep } from 'k6';
import exec from 'k6/execution';
import { arrivals } from './arrivals.js';

export const options = arrivals();

const think = Number(__ENV.THINK);

function post(path, step, body) {
  const params = { headers: { 'Content-Type': 'application/json' }, tags: { name: step }, timeout: '30s' };
  return http.post(`${__ENV.TARGET}/v1/${path}`, JSON.stringify(body), params);
}

function pause(seconds) {
  if (think > 0) sleep(seconds * think);
}

export default function () {
  const session = `${exec.vu.idInTest}-${exec.scenario.iterationInTest}`;
  const user = `u${exec.scenario.iterationInTest % 1000}`;
  const where = Math.random(), login = Math.random();
  let channel = where < 0.6 ? 'web' : where < 0.9 ? 'app' : 'store';
  let signedIn = false;
  const pages = 2 + Math.floor(Math.random() * 5);
  for (let page = 0; page < pages; page++) {
    if (page > 0 && Math.random() < 0.15) channel = channel === 'web' ? 'app' : 'store';
    if (!signedIn && (channel !== 'web' || (login >= 0.04 && (page > 0 || login >= 0.14)))) {
      post('login', 'login', { session, user, channel });
      signedIn = true;
      pause(0.04);
    }
    const slate = post('recommend', 'recommend', { session, user: '', signed_in: signedIn, channel, slots: 5, placement: page ? 'detail' : 'home' }).json();
    const seen = Date.now();
    pause(0.025);
    const event = (type, item, dwell) => post('events', type, {
      type, session, user: '', channel, request_id: slate.request_id, items: slate.items, item, variant: slate.variant,
      reason: slate.reason, dwell_ms: dwell, time_ms: Date.now(),
    });
    event('impression', '', 0);
    const long = Math.min(0.4 - 0.6 * Math.log(1 - Math.random()), 4) * 0.3;
    const dwell = long * (0.3 + 0.5 * Math.random());
    pause(dwell);
    if (Math.random() < Number(__ENV.CLICKS)) {
      const item = slate.items[Math.floor(Math.random() * slate.items.length)];
      event('click', item, Date.now() - seen);
      if (Math.random() < 0.08) event('purchase', item, Date.now() - seen);
    }
    pause(Math.max(long - dwell - 0.025, 0));
  }
}
