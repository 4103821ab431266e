// A few journeys, one after the other: does everything answer, and as whom?
//
//   tollgate up                                  in one terminal
//   tollgate k6 run scenarios/smoke.js           in another
//
// Environment, all with defaults:
//   TARGET      base URL of the gateway           http://127.0.0.1:8080
//   SEED, USERS, ITEMS   the population; start the stack with the same values
import { check } from 'k6';
import perso from 'k6/x/perso';

const crowd = perso.population({
  seed: Number(__ENV.SEED || 1),
  users: Number(__ENV.USERS || 1000),
  items: Number(__ENV.ITEMS || 200),
});

export const options = { iterations: 5, thresholds: { checks: ['rate==1'], perso_req_failed: ['rate==0'] } };

export default function () {
  const j = perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: crowd, thinkScale: 0.1 });
  check(j, {
    'every request was answered': (j) => j.requests > 0 && j.failed === 0,
    'slates were shown': (j) => j.impressions > 0,
    'stayed the same person': (j) => j.breaks === 0,
  });
}
