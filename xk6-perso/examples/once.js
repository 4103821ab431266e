// A recording once, from a minute after its beginning, until it is over; its columns have other names.
//   tollgate k6 run xk6-perso/examples/once.js
import exec from 'k6/execution';
import perso from 'k6/x/perso';

const clicks = perso.sessions('visits.csv', { columns: 'SessionId=visit,ItemId=sku,Time=ts,time=ms', from: '1m', speed: 1000, loop: false });

export const options = { vus: 2, duration: '1m' };

export default function () {
  const j = perso.journey({ target: __ENV.TARGET || 'http://127.0.0.1:8080', source: clicks });
  if (j === null) {
    exec.test.abort(`${clicks.description}: over`);
  }
}
