// One person over web, app and store: anonymous first, known after the login, and the same person everywhere from then on.
//
//   tollgate up                                  in one terminal
//   tollgate k6 run scenarios/identity.js        in another
//
// Environment, all with defaults:
//   TARGET      base URL of the gateway           http://127.0.0.1:8080
//   VUS, DURATION   visitors at a time, and for how long   5, 20s
//   SEED, USERS, ITEMS   the population; start the stack with the same values
import { check, sleep } from 'k6';
import perso from 'k6/x/perso';

const crowd = perso.population({
  seed: Number(__ENV.SEED || 1),
  users: Number(__ENV.USERS || 1000),
  items: Number(__ENV.ITEMS || 200),
});

export const options = {
  vus: Number(__ENV.VUS || 5),
  duration: __ENV.DURATION || '20s',
  thresholds: {
    checks: ['rate==1'],
    perso_identity_breaks: ['count==0'],
    'perso_req_duration{channel:store}': ['p(95)<500'], // ms
  },
};

export default function () {
  const v = perso.visit({ source: crowd, target: __ENV.TARGET || 'http://127.0.0.1:8080' });
  check(v.recommend(), { 'anonymous before the login': (r) => r.ok && r.user === '' });
  v.impression();
  v.identify();
  for (const channel of ['web', 'app', 'store']) {
    v.switchChannel(channel);
    const slate = v.recommend({ placement: channel === 'store' ? 'checkout' : 'home' });
    check(slate, { [`the same person on ${channel}`]: (r) => r.ok && r.user === v.user && !r.broken });
    v.impression();
    sleep(0.1);
    if (v.click().made) {
      sleep(0.1);
    }
  }
  v.purchase(something(v));
}

// something is something to buy, whether or not the visitor clicked.
function something(v) {
  return v.recommend({ slots: 1, placement: 'checkout' }).items[0];
}
