// A plan of journeys that several k6 processes carry out together, each its part: PARTS of them, at RATE requests a second in
// all, for DURATION. On one machine:
//   tollgate k6 run -e TARGET=http://127.0.0.1:8080 -e PARTS=3 examples/k6-operator/journeys.js
import perso from 'k6/x/perso';

const parts = Number(__ENV.PARTS || 1);
const crowd = perso.population({ seed: 1, users: 1000, items: 200 }); // the same in every process

export const options = {
  // As many iterations as parts: k6 deals them out to the processes, and iteration k plays part k.
  scenarios: { journeys: { executor: 'shared-iterations', vus: parts, iterations: parts, maxDuration: '2h' } },
};

export default function () {
  const s = perso.drive({
    source: crowd, parts,
    targets: [{ arm: 'shop', url: __ENV.TARGET }],
    rate: Number(__ENV.RATE || 100),
    duration: __ENV.DURATION || '1m',
  });
  const a = s.arms.shop;
  console.log(`ordered ${s.ordered.toFixed(1)}/s, made ${a.made.toFixed(1)}/s, dropped ${a.dropped}, failed ${a.failed}, ` +
    `late by ${a.lag.p99.toFixed(2)} ms at p99, ${s.cpu.toFixed(1)} s of CPU`);
}
