// arrivals returns the options of a script whose iterations arrive at ITERATIONS a second for SECONDS, with VUS VUs.
export function arrivals() {
  return {
    summaryTrendStats: ['med', 'p(99)', 'p(99.9)', 'max', 'count'],
    scenarios: {
      load: {
        executor: 'constant-arrival-rate', timeUnit: '1000s', rate: Math.round(Number(__ENV.ITERATIONS) * 1000),
        duration: `${__ENV.SECONDS}s`, preAllocatedVUs: Number(__ENV.VUS), maxVUs: Number(__ENV.VUS), gracefulStop: '30s',
      },
    },
  };
}
