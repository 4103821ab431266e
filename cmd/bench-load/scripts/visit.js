// visit(): one request an iteration, at the pace of k6's constant-arrival-rate.
import perso from 'k6/x/perso';
import { arrivals } from './arrivals.js';

const crowd = perso.population({ users: 1000, items: 200 });

export const options = arrivals();

export default function () {
  perso.visit({ source: crowd, target: __ENV.TARGET, timeout: '30s' }).recommend();
}
