// Black Friday: a quiet night, doors open at ten times the load, a second peak at lunch, and the evening.
//
//   tollgate up                                  in one terminal
//   tollgate k6 run scenarios/black-friday.js    in another
//
// Environment, all with defaults:
//   TARGET      base URL of the gateway           http://127.0.0.1:8080
//   RATE        journeys that start per second at night   3 (one journey is about a dozen requests)
//   PEAK        the peak, in multiples of that    10
//   DURATION    of the whole day, in seconds      120
//   SEED, USERS, ITEMS   the population; start the stack with the same values
import perso from 'k6/x/perso';

const crowd = perso.population({
  seed: Number(__ENV.SEED || 1),
  users: Number(__ENV.USERS || 1000),
  items: Number(__ENV.ITEMS || 200),
});

const night = Number(__ENV.RATE || 3);
const peak = Math.round(night * Number(__ENV.PEAK || 10));
const part = (share) => `${Math.round(Number(__ENV.DURATION || 120) * 1000 * share)}ms`;

export const options = {
  scenarios: {
    shoppers: {
      executor: 'ramping-arrival-rate',
      startRate: night,
      timeUnit: '1s',
      preAllocatedVUs: 100,
      maxVUs: 2000,
      stages: [
        { target: night, duration: part(0.15) },
        { target: peak, duration: part(0.1) }, // doors open
        { target: peak, duration: part(0.2) },
        { target: Math.round(peak / 2), duration: part(0.15) },
        { target: peak, duration: part(0.1) }, // lunch
        { target: peak, duration: part(0.1) },
        { target: night, duration: part(0.2) },
      ],
    },
  },
  thresholds: {
    perso_req_failed: ['rate<0.01'],
    'perso_req_duration{step:recommend}': ['p(95)<500'], // ms
    perso_default_content: ['rate<0.25'], // under load the stack may answer with default content, but not all of the time
    dropped_iterations: ['count==0'], // of k6: more journeys at a time than maxVUs
  },
};

export default function () {
  perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: crowd });
}
