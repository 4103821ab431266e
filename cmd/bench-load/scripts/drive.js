// drive(): the extension keeps up a rate of requests by itself.
import perso from 'k6/x/perso';

const crowd = perso.population({ users: 1000, items: 200 });

export const options = {
  summaryTrendStats: ['med', 'p(99)', 'p(99.9)', 'max', 'count'],
  scenarios: { drive: { executor: 'shared-iterations', vus: 1, iterations: 1, maxDuration: '25h' } },
};

export default function () {
  perso.drive({
    source: crowd, thinkScale: Number(__ENV.THINK), timeout: '30s', workers: Number(__ENV.VUS),
    targets: [{ arm: 'x', url: __ENV.TARGET }], rate: Number(__ENV.RATE), duration: `${__ENV.SECONDS}s`,
  });
}
