// Breaks the stack, waits until the effect is there, and heals it.
//   tollgate up --faults                                    in one terminal; it prints the next line
//   export TOLLGATE_CONTROL=http://tollgate:…@127.0.0.1:…   in another
//   tollgate k6 run xk6-perso/examples/inject.js
import { sleep } from 'k6';
import perso from 'k6/x/perso';

export const options = { iterations: 1, thresholds: { checks: ['rate==1'] } };

export default function () {
  const fault = perso.inject('profile-attribute-missing', { share: 0.5 }, { for: '2m' });
  console.log(`${fault.title}, until ${fault.until} at the latest`);
  wait(fault, (e) => e.present);
  fault.heal();
  wait(fault, (e) => e.gone);
}

function wait(fault, there) {
  for (let i = 0; i < 120; i++) {
    const effect = fault.effect();
    if (there(effect)) {
      console.log(effect.detail);
      return;
    }
    sleep(0.5);
  }
  throw new Error(`${fault.name}: no effect within a minute`);
}

export function teardown() {
  perso.heal('profile-attribute-missing'); // if the iteration was cut short
}
