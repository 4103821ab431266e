// The incident of docs/incident.md by hand: an attribute stops coming, nothing fails, and content grows worse. The load goes on while a
// second scenario breaks the stack, holds the fault and heals it.
//
//   tollgate up --faults                         in one terminal; it prints the address for TOLLGATE_CONTROL
//   tollgate k6 run scenarios/silent-drift.js    in another, with TOLLGATE_CONTROL set
//
// Environment, all but the first with defaults:
//   TOLLGATE_CONTROL   where faults are asked for  (the extension reads it, too)
//   TARGET      base URL of the gateway           http://127.0.0.1:8080
//   RATE        journeys that start per second    10
//   CLEAN       seconds before the fault, and after it   20
//   HOLD        seconds that it is held           40
//   SEED, USERS, ITEMS   the population; start the stack with the same values
import { sleep } from 'k6';
import perso from 'k6/x/perso';

if (!__ENV.TOLLGATE_CONTROL) {
  throw new Error('set TOLLGATE_CONTROL to the address that `tollgate up --faults` prints');
}

const crowd = perso.population({
  seed: Number(__ENV.SEED || 1),
  users: Number(__ENV.USERS || 1000),
  items: Number(__ENV.ITEMS || 200),
});
const clean = Number(__ENV.CLEAN || 20);
const hold = Number(__ENV.HOLD || 40);
const fault = 'profile-attribute-missing';

export const options = {
  scenarios: {
    shoppers: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 10),
      timeUnit: '1s',
      duration: `${2 * clean + hold}s`,
      preAllocatedVUs: 50,
      maxVUs: 500,
    },
    upstream: { executor: 'shared-iterations', exec: 'upstream', vus: 1, iterations: 1, startTime: `${clean}s`, maxDuration: `${hold + 60}s` },
  },
  thresholds: { perso_req_failed: ['rate<0.01'] }, // it is silent: nothing fails
};

export default function () {
  perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: crowd });
}

export function upstream() {
  const broken = perso.inject(fault, { attribute: 'age', share: 0.5 }, { for: `${hold + 30}s` });
  console.log(broken.title);
  sleep(hold);
  console.log(`just before the heal: ${broken.effect().detail}`);
  broken.heal();
}

export function teardown() {
  perso.heal(fault);
}
