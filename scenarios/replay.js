// Replays recorded sessions: every click in its order and with its think time, only faster.
//
//   JOURNEYS=clicks.tsv tollgate k6 run scenarios/replay.js
//
// Environment:
//   JOURNEYS    TSV, CSV or JSON lines, or gzip of these, with SessionId, ItemId, Time and optionally UserId, Channel, Event; a
//               relative path starts at the working directory. Required.
//   GAP_LIMIT   longer think times are cut to it  none
//   SPEED       think times are divided by it     600
//   TARGET      base URL of the gateway           http://127.0.0.1:8080
//   RATE        sessions that start per second    10
//   DURATION    how long they keep coming         30s; at its end the file starts over
//   SEED, USERS, ITEMS   the population that sessions and items are mapped onto
import perso from 'k6/x/perso';

if (!__ENV.JOURNEYS) {
  throw new Error('set JOURNEYS to a file of recorded sessions, e.g. JOURNEYS=clicks.tsv');
}

const clicks = perso.sessions(__ENV.JOURNEYS, {
  gapLimit: __ENV.GAP_LIMIT || '0s',
  speed: Number(__ENV.SPEED || 600),
  base: 'cwd',
  seed: Number(__ENV.SEED || 1),
  users: Number(__ENV.USERS || 1000),
  items: Number(__ENV.ITEMS || 200),
});

export const options = {
  scenarios: {
    visitors: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 10),
      timeUnit: '1s',
      duration: __ENV.DURATION || '30s',
      preAllocatedVUs: 50,
      maxVUs: 500,
    },
  },
  thresholds: {
    perso_req_failed: ['rate<0.01'],
    'perso_req_duration{step:recommend}': ['p(95)<250'], // ms
    perso_identity_breaks: ['count==0'],
  },
};

export default function () {
  perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: clicks });
}
