// A flow of one's own: every step of a visit is a call, and the script decides what comes next.
//   tollgate k6 run xk6-perso/examples/visit.js
import { check, sleep } from 'k6';
import perso from 'k6/x/perso';

const crowd = perso.population();

export const options = { iterations: 3 };

export default function () {
  const v = perso.visit({ source: crowd, target: __ENV.TARGET || 'http://127.0.0.1:8080' });
  const home = v.recommend({ slots: 3 });
  check(home, { 'nobody is known yet': (r) => r.ok && r.user === '' });
  v.impression();
  v.identify(); // as the user that the source drew; v.identify('u7') would be that one
  v.switchChannel('app');
  const page = v.recommend({ placement: 'detail' });
  check(page, { 'known on the app': (r) => r.user === v.user && !r.broken });
  v.impression();
  sleep(0.1);
  const click = v.click(); // by taste; v.click(page.items[0]) would be certain
  if (click.made) {
    v.purchase();
  }
  console.log(`${v.user}: ${click.made ? `bought ${click.item}` : 'left'}`);
}
