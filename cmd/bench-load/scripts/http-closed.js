// Stock k6: one VU that sends a request, waits for the answer and sleeps: a closed loop, which does not see what it was kept from
// sending.
import http from 'k6/http';
import { sleep } from 'k6';

export const options = {
  summaryTrendStats: ['med', 'p(99)', 'p(99.9)', 'max', 'count'],
  scenarios: { load: { executor: 'constant-vus', vus: 1, duration: `${__ENV.SECONDS}s` } },
};

const params = { headers: { 'Content-Type': 'application/json' }, tags: { name: 'recommend' }, timeout: '30s' };
const body = JSON.stringify({ session: 's', user: '', channel: 'web', slots: 5, placement: 'home' });

export default function () {
  http.post(`${__ENV.TARGET}/v1/recommend`, body, params).json();
  sleep(1 / Number(__ENV.ITERATIONS));
}
