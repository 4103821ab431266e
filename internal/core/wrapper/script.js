// `tollgate run` executes this script when the load is a k6 script of the user's own. It calls the function of one of the
// script's scenarios, the default function unless that names another, once for every turn, against the arm (deployed copy of
// the system) that has the turn. docs/k6-scripts.md says what that means for a script.
//
// The orchestrator writes this file into the run directory, with the addresses of script-env.js and of the user's script filled
// in, and has k6 read it from standard input: relative paths then start at k6's working directory, which is the directory of
// the user's script.
//
// Environment, all of it set by the orchestrator (slot.Generator):
//   BASE_URL            leads nowhere here; a script finds its arm in it during a turn
//   TOLLGATE_SEED       seed of the arrivals
//   TOLLGATE_VUS        how many turns can run at the same time, over all arms
//   TOLLGATE_SCENARIO   the scenario that makes the turns; empty: the only one that can
import exec from 'k6/execution';
import perso from 'k6/x/perso';
import { current, loading } from 'SCRIPT_ENV';
import * as user from 'USER_SCRIPT';

const kept = 'KEPT'; // options that say how requests are made; the run decides when they are made, and how many
const heeded = ['scenarios', 'setupTimeout', 'teardownTimeout', 'noSetup', 'noTeardown']; // below
const given = user.options || {};
const scenario = choose(given.scenarios || {}, __ENV.TOLLGATE_SCENARIO);
const main = scenario.exec || 'default';
if (typeof user[main] !== 'function') {
  throw new Error(main !== 'default' ? `scenario ${scenario.name}: exec: the script exports no function ${main}` :
    'the script exports no default function, and no scenario of it names another with exec');
}
if (scenario.options && scenario.options.browser) {
  throw new Error(`scenario ${scenario.name}: options.browser: a browser does not use k6/http, so that its requests cannot be measured`);
}

// choose returns the scenario that makes the turns.
function choose(scenarios, asked) {
  const names = Object.keys(scenarios);
  if (asked && !names.includes(asked)) {
    throw new Error(`journeys.scenario: the script has no scenario "${asked}"; it has ${names.join(', ') || 'none'}`);
  }
  if (names.length === 0) {
    return { name: 'default' }; // as k6 calls it
  }
  let able = asked ? [asked] : names;
  if (able.length > 1) {
    able = names.filter((name) => (scenarios[name].exec || 'default') === 'default');
    const kinds = new Set(able.map((name) => JSON.stringify([scenarios[name].env, scenarios[name].tags])));
    if (kinds.size !== 1) { // 0: all name another function
      throw new Error(`the script has several scenarios, ${names.join(', ')}, and one of them can make the load: ` +
        `${able.length ? `${able.join(', ')} run the default function with another env or tags` : 'none runs the default function'}. ` +
        'Name one in journeys.scenario of the experiment');
    }
  }
  return { ...scenarios[able[0]], name: able[0] };
}

// What the script asks for and does not get, once each.
const page = '(docs/k6-scripts.md, "How it is run")';
const warnings = [];
const dropped = Object.keys(given).filter((name) => given[name] !== undefined && !kept.includes(name) && !heeded.includes(name));
if (dropped.length > 0) {
  warnings.push(`options that have no effect in a run: ${dropped.join(', ')} ${page}`);
}
const idle = Object.keys(given.scenarios || {}).filter((name) => name !== scenario.name);
if (idle.length > 0) {
  warnings.push(`scenario ${scenario.name} makes the load; scenarios that are not run: ${idle.join(', ')} ${page}`);
}
if (typeof user.handleSummary === 'function') {
  warnings.push(`handleSummary is not called ${page}`);
}

const vus = Number(__ENV.TOLLGATE_VUS);

export const options = {
  scenarios: {
    [scenario.name]: {
      executor: 'constant-vus', vus, duration: '24h', gracefulStop: '15s', env: scenario.env, tags: scenario.tags,
    },
    [scenario.name === 'conduct' ? 'conductor' : 'conduct']: {
      executor: 'shared-iterations', exec: 'conduct', vus: 1, iterations: 1, maxDuration: '24h', gracefulStop: '15s',
    },
  },
};
for (const name of kept) {
  if (given[name] !== undefined) {
    options[name] = given[name];
  }
}

const turns = perso.turns({
  seed: Number(__ENV.TOLLGATE_SEED),
  vus,
  setup: typeof user.setup === 'function' && !given.noSetup,
  teardown: typeof user.teardown === 'function' && !given.noTeardown,
  setupTimeout: given.setupTimeout,
  teardownTimeout: given.teardownTimeout,
});

// What setup returned, by arm. Every VU has a copy of its own, as in k6.
let launch = -1;
let known = {};

function data(turn) {
  if (turn.launch !== launch) {
    launch = turn.launch;
    known = {};
  }
  if (!(turn.arm in known)) {
    known[turn.arm] = turn.data ? JSON.parse(turn.data) : undefined;
  }
  return known[turn.arm];
}

export default async function () {
  const turn = turns.take();
  if (!turn) {
    return;
  }
  current(); // from here on __ENV may be written to
  loading.BASE_URL = turn.url;
  __ENV.BASE_URL = turn.url;
  try {
    if (turn.job === 'setup') {
      turn.return(JSON.stringify(await user.setup()));
    } else if (turn.job === 'teardown') {
      await user.teardown(data(turn));
    } else {
      await user[main](data(turn));
    }
  } catch (e) {
    turn.fail(`${e}${place(e)}`);
    throw e; // k6 logs it
  }
}

// place is where in a file of the user's own an exception was thrown; '' if that is not known.
function place(e) {
  const at = /file:\/\/(\/(?!-:)[^()]*?:\d+:\d+)\(\d+\)/.exec((e && e.stack) || '');
  return at ? ` at ${decodeURI(at[1])}` : '';
}

export function conduct() {
  let end = 'the run is over';
  try {
    perso.conduct({ turns, warnings });
  } catch (e) {
    end = String(e);
  }
  exec.test.abort(end); // else the VUs would wait for turns for ever
}
