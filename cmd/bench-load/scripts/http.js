// Stock k6: one request an iteration, at the pace of constant-arrival-rate.
import http from 'k6/http';
import { arrivals } from './arrivals.js';

export const options = arrivals();

const params = { headers: { 'Content-Type': 'application/json' }, tags: { name: 'recommend' }, timeout: '30s' };
const body = JSON.stringify({ session: 's', user: '', channel: 'web', slots: 5, placement: 'home' });

export default function () {
  http.post(`${__ENV.TARGET}/v1/recommend`, body, params).json();
}
