// Times anything into the same metrics, beside the requests: a calculation, a database, gRPC, a promise.
//   tollgate k6 run xk6-perso/examples/measure.js
import perso from 'k6/x/perso';

export const options = {
  iterations: 5,
  thresholds: { 'perso_measured{name:wait}': ['med<1000'], 'perso_measured_failed{name:sum}': ['rate==0'] },
};

export default async function () {
  const sum = perso.measure('sum', () => [...Array(1000).keys()].reduce((a, b) => a + b));
  await perso.measure('wait', () => new Promise((done) => setTimeout(done, 20))); // over when the promise is settled
  if (sum !== 499500) {
    throw new Error(`the sum is ${sum}`);
  }
}
