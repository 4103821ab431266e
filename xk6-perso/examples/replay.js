// The recorded sessions of clicks.tsv, ten times as fast as they happened.
//   tollgate k6 run xk6-perso/examples/replay.js
import perso from 'k6/x/perso';

const clicks = perso.sessions('clicks.tsv', { speed: 10 }); // beside this script, as with open()

export const options = { vus: 2, iterations: 4 };

export default function () {
  perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: clicks });
}
