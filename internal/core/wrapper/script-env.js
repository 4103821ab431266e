// script.js imports this file before the script of the user's own, so that the script finds all variables of `tollgate run` in
// __ENV while it is loaded.
//
// Environment, all of it set by the orchestrator (slot.Generator):
//   TOLLGATE_ENV    variables of `tollgate run` that k6 itself must not see, such as K6_VUS; a JSON object
const withheld = JSON.parse(__ENV.TOLLGATE_ENV || '{}');

let known;

// current returns the __ENV of now, once it has all variables and is open to changes. k6 makes another one when a VU starts; with its feature
// freeze-env nobody can change that.
export function current() {
  if (__ENV !== known) {
    if (Object.isFrozen(__ENV)) {
      globalThis.__ENV = { ...__ENV };
    }
    for (const name of Object.keys(withheld)) {
      if (!(name in __ENV)) { // else it is the scenario's
        __ENV[name] = withheld[name];
      }
    }
    known = __ENV;
  }
  return known;
}

// loading is the __ENV that a script is loaded with, and may have kept.
export const loading = current();
