// Shoppers of a made-up population go through web, app and store; k6 paces them.
//
//   tollgate up                                  in one terminal
//   tollgate k6 run scenarios/journeys.js        in another
//
// Environment, all with defaults:
//   TARGET      base URL of the gateway           http://127.0.0.1:8080
//   RATE        journeys that start per second    10 (one journey is about a dozen requests)
//   DURATION    how long they keep coming         30s
//   SEED, USERS, ITEMS   the population; start the stack with the same values
import perso from 'k6/x/perso';

const crowd = perso.population({
  seed: Number(__ENV.SEED || 1),
  users: Number(__ENV.USERS || 1000),
  items: Number(__ENV.ITEMS || 200),
});

export const options = {
  scenarios: {
    // Journeys start at a constant rate, however slow the stack is: a shop does not choose its visitors.
    shoppers: {
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
    perso_default_content: ['rate<0.15'], // strangers get default content; hardly any other user should
    perso_click_through: ['rate>0.25'], // random slates get about 0.23
    perso_identity_breaks: ['count==0'], // the stack takes a user for the same person on every channel
  },
};

export default function () {
  perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: crowd });
}
