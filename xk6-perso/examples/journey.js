// One shopper after the other, against a stack that `tollgate up` started.
//   tollgate k6 run xk6-perso/examples/journey.js
import { check } from 'k6';
import perso from 'k6/x/perso';

const crowd = perso.population({ seed: 1, users: 1000, items: 200 });

export const options = { iterations: 5 };

export default function () {
  const j = perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: crowd });
  console.log(`${j.user}: ${j.requests} requests, ${j.clicks} clicks, ${j.bought ? 'bought' : 'did not buy'}`);
  check(j, { 'stayed the same person': (j) => j.breaks === 0 });
}
