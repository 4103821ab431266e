// Every request has a W3C trace context and baggage; a tenth of them ask to be sampled.
//   tollgate k6 run xk6-perso/examples/trace.js
import perso from 'k6/x/perso';

const crowd = perso.population();

export const options = { iterations: 2 };

export default function () {
  const v = perso.visit({
    source: crowd,
    target: __ENV.TARGET || 'http://127.0.0.1:8080',
    trace: 0.1,
    baggage: { 'load.test': 'example' }, // session.id, perso.step and perso.channel come by themselves
  });
  console.log(`trace ${v.recommend().traceId}`); // look it up in the back end
}
