// `tollgate run` executes this script when the load is a k6 script of the user's own. It calls the default function of the
// user's script once for every turn, against the arm (deployed copy of the system) that has the turn. docs/k6-scripts.md says
// what that means for a script.
//
// The orchestrator writes this file into the run directory with the script's path in place of USER_SCRIPT.
//
// Environment, all of it set by the orchestrator (slot.Generator):
//   BASE_URL        leads nowhere here; a script finds its arm in it during a turn
//   TOLLGATE_SEED   seed of the arrivals
//   TOLLGATE_VUS    how many turns can run at the same time, over all arms
import exec from 'k6/execution';
import perso from 'k6/x/perso';
import * as user from 'USER_SCRIPT';

// Options of the script that say how requests are made. The run decides when they are made, and how many.
const kept = [
  'batch', 'batchPerHost', 'blacklistIPs', 'blockHostnames', 'discardResponseBodies', 'dns', 'hosts', 'httpDebug',
  'insecureSkipTLSVerify', 'localIPs', 'maxRedirects', 'noConnectionReuse', 'noCookiesReset', 'noVUConnectionReuse',
  'systemTags', 'tags', 'throw', 'tlsAuth', 'tlsCipherSuites', 'tlsVersion', 'userAgent',
];

const vus = Number(__ENV.TOLLGATE_VUS);

export const options = {
  scenarios: {
    conduct: { executor: 'shared-iterations', exec: 'conduct', vus: 1, iterations: 1, maxDuration: '24h', gracefulStop: '15s' },
    turns: { executor: 'constant-vus', vus, duration: '24h', gracefulStop: '15s' },
  },
};
for (const name of kept) {
  if (user.options && user.options[name] !== undefined) {
    options[name] = user.options[name];
  }
}

if (typeof user.default !== 'function') {
  throw new Error('the script exports no default function: tollgate calls that one, and no scenarios of the script');
}

const turns = perso.turns({ seed: Number(__ENV.TOLLGATE_SEED), vus, setup: typeof user.setup === 'function' });

// k6 makes another __ENV when a VU starts; a script may have kept the one that it was loaded with.
const loading = __ENV;

function aim(turn) {
  loading.BASE_URL = turn.url;
  __ENV.BASE_URL = turn.url;
}

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
  aim(turn);
  try {
    if (turn.job === 'setup') {
      turn.return(JSON.stringify(await user.setup()));
    } else {
      await user.default(data(turn));
    }
  } catch (e) {
    turn.fail(String(e));
    throw e; // k6 logs it
  }
}

export function conduct() {
  let end = 'the run is over';
  try {
    perso.conduct({ turns });
  } catch (e) {
    end = String(e);
  }
  exec.test.abort(end); // else the VUs would wait for turns for ever
}

export async function teardown() {
  if (typeof user.teardown !== 'function') {
    return;
  }
  for (const turn of turns.arms()) {
    aim(turn);
    try {
      await user.teardown(data(turn));
    } catch (e) {
      console.warn(`teardown of arm ${turn.arm}: ${e}`);
    }
  }
}
