// Open load at 100 requests a second for ten seconds, with a summary of what the generator measured.
//   tollgate k6 run xk6-perso/examples/drive.js
import perso from 'k6/x/perso';

const crowd = perso.population();

export default function () {
  const s = perso.drive({
    source: crowd,
    targets: [{ arm: 'mine', url: __ENV.TARGET || 'http://127.0.0.1:8080' }],
    rate: 100,
    duration: '10s',
    washout: '2s', // until as many journeys are under way as there will be
  });
  console.log(JSON.stringify(s, null, 2));
}
