// Is the extension in this k6, and does it work? Needs no server: k6 run smoke.js
import { check } from 'k6';
import perso from 'k6/x/perso';

const crowd = perso.population({ seed: 1, users: 100, items: 20 });

export const options = {
  iterations: 3,
  thresholds: { checks: ['rate==1'], 'perso_measured{name:wait}': ['min>=20'], 'perso_measured_failed{name:wait}': ['rate==0'] },
};

export default async function () {
  const visit = perso.visit({ source: crowd, target: 'http://127.0.0.1:1' }); // makes no request before its first step
  check(visit, { 'the visitor is of the population': (v) => /^u\d+$/.test(v.user) && Number(v.user.slice(1)) < 100 });

  const said = await perso.measure('wait', () => new Promise((done) => setTimeout(() => done('over'), 20)));
  check(said, { 'measure() hands on what the promise says': (s) => s === 'over' });

  let refused = '';
  try {
    perso.population({ user: 100 });
  } catch (e) {
    refused = String(e);
  }
  check(refused, { 'an option that does not exist is refused': (r) => r.includes('users') });
}
