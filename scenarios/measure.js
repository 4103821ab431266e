// `tollgate run` executes this script: the load of a whole run, slot by slot.
//
// The orchestrator decides which arm (deployed copy of the stack) takes load, and when. The extension carries out its orders
// with a punctual driver of its own, until no order is left. Without an orchestrator the script does nothing: for load by hand
// see journeys.js.
//
// Environment, all of it set by the orchestrator (slot.Generator):
//   TOLLGATE_SEED, TOLLGATE_USERS, TOLLGATE_ITEMS   the population that the stack was trained on
//   TOLLGATE_JOURNEYS       a file of recorded sessions to replay; empty: journeys are made up from the population
//   TOLLGATE_COLUMNS        how that file is laid out; empty: our own columns
//   TOLLGATE_GAP_LIMIT      longer gaps between recorded clicks are cut to this; 0s: none is
//   TOLLGATE_SPEED          the gaps between recorded clicks are divided by this
//   TOLLGATE_VUS            how many requests can be on at the same time, over all arms
//   TOLLGATE_TIMEOUT        how long a request may take
import perso from 'k6/x/perso';

const crowd = {
  seed: Number(__ENV.TOLLGATE_SEED),
  users: Number(__ENV.TOLLGATE_USERS),
  items: Number(__ENV.TOLLGATE_ITEMS),
};

const source = __ENV.TOLLGATE_JOURNEYS
  ? perso.sessions(__ENV.TOLLGATE_JOURNEYS, {
    ...crowd, columns: __ENV.TOLLGATE_COLUMNS || undefined, gapLimit: __ENV.TOLLGATE_GAP_LIMIT, speed: Number(__ENV.TOLLGATE_SPEED),
  })
  : perso.population(crowd);

// One VU is enough: the driver itself starts every request on time, whether or not the one before has been answered.
export const options = {
  scenarios: {
    measure: { executor: 'shared-iterations', vus: 1, iterations: 1, maxDuration: '24h', gracefulStop: '15s' },
  },
};

export default function () {
  perso.conduct({ source, workers: Number(__ENV.TOLLGATE_VUS), timeout: __ENV.TOLLGATE_TIMEOUT });
}
