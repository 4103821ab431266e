// What `tollgate run` executes: the load of a whole run, slot by slot.
//
// The orchestrator decides which arm takes load when; this script asks it for the next order, carries the order out with
// the extension's own punctual driver, and so on until there is none left. It is of no use by itself: see journeys.js.
//
// Environment:
//   TOLLGATE_SEED, TOLLGATE_USERS, TOLLGATE_ITEMS   the population that the stack was trained on
//   TOLLGATE_JOURNEYS       a file of recorded sessions to replay; relative paths start at the working directory
//   TOLLGATE_SPEED          recorded gaps are divided by it
//   TOLLGATE_THINK_SCALE    think times are multiplied by it
//   TOLLGATE_TIMEOUT        most that one request may take
import perso from 'k6/x/perso';

const crowd = {
  seed: Number(__ENV.TOLLGATE_SEED || 1),
  users: Number(__ENV.TOLLGATE_USERS || 1000),
  items: Number(__ENV.TOLLGATE_ITEMS || 200),
};

const source = __ENV.TOLLGATE_JOURNEYS
  ? perso.sessions(__ENV.TOLLGATE_JOURNEYS, { ...crowd, speed: Number(__ENV.TOLLGATE_SPEED || 600), base: 'cwd' })
  : perso.population(crowd);

// One VU is enough: the driver starts every request on time by itself, whatever became of the one before.
export const options = {
  scenarios: {
    measure: { executor: 'shared-iterations', vus: 1, iterations: 1, maxDuration: '24h', gracefulStop: '15s' },
  },
};

export default function () {
  const conductor = perso.conductor({
    source,
    thinkScale: Number(__ENV.TOLLGATE_THINK_SCALE || 1),
    timeout: __ENV.TOLLGATE_TIMEOUT || '5s',
  });
  for (let order = conductor.next(); order; order = conductor.next()) {
    conductor.run(order);
  }
}
