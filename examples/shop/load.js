// The load of the shop: a visitor searches, and puts the first thing found into the cart.
//
//   BASE_URL=http://localhost:8080 k6 run load.js
import http from 'k6/http';
import { check } from 'k6';

export const options = { vus: 5, duration: '10s' };

const colours = ['red', 'green', 'blue', 'yellow', 'black', 'white', 'silver', 'golden'];
const things = ['shoes', 'hat', 'jacket', 'scarf', 'bag', 'umbrella', 'watch', 'belt', 'gloves', 'socks'];

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

export default function () {
  const base = __ENV.BASE_URL; // inside the function: tollgate sets it anew for every iteration
  const found = http.get(`${base}/search?q=${pick(colours)}+${pick(things)}`, { tags: { name: 'search', step: 'search' } });
  if (!check(found, { 'found something': (r) => r.status === 200 && r.json().length > 0 })) {
    return;
  }
  const user = `u${Math.floor(Math.random() * 1000)}`;
  http.post(`${base}/carts/${user}`, JSON.stringify({ product: found.json()[0].id }), { tags: { name: 'cart', step: 'cart' } });
}
