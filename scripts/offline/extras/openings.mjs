// Opens, uses and closes a thousand contexts on each backend: memory, threads and file handles must return to their
// start values.
import { readdirSync } from 'node:fs';
import { createContext } from 'ewald';

const cycles = 1000;
const warmUp = 20;
const seconds = Number(process.argv[process.argv.indexOf('--seconds') + 1] || 60);
const backends = (process.env.EWALD_BACKENDS ?? 'wasm').split(',').filter(Boolean);

async function cycle(backend) {
  const context = await createContext({ backend, strict: true, log: { level: 'error' } });
  try {
    const plan = await context.pi();
    const counted = await plan.run({ points: 1e5, seed: 1 });
    await plan.dispose();
    expected ??= counted.hits;
    if (counted.hits !== expected) throw new Error(`${backend} counts ${counted.hits}, expected ${expected}`);
  } finally {
    await context.dispose();
  }
}
let expected;

/** The resources that this process holds now. */
async function held() {
  // Finalizers run after the collection, in later turns of the event loop.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    rss: process.memoryUsage.rss(),
    threads: readdirSync('/proc/self/task').length,
    handles: readdirSync('/proc/self/fd').length,
  };
}

async function measure(backend, budget) {
  const begun = performance.now();
  const spent = () => (performance.now() - begun) / 1000;
  let done = 0;
  while (done < warmUp && spent() < budget / 3) {
    await cycle(backend);
    done++;
  }
  const before = await held();
  const [start, left] = [performance.now(), budget - spent()];
  done = 0;
  const quarters = [before.rss];
  for (let quarter = 1; quarter <= 4; quarter++) {
    while (done < (cycles * quarter) / 4 && spent() < budget - (left * (4 - quarter)) / 4) {
      await cycle(backend);
      done++;
    }
    quarters.push((await held()).rss);
  }
  const ms = (performance.now() - start) / done;
  const after = await held();
  const growth = Object.fromEntries(Object.keys(before).map((key) => [key, after[key] - before[key]]));
  // The memory of a process fluctuates, but a leak takes some in every quarter.
  const least = Math.min(...quarters.slice(1).map((rss, i) => rss - quarters[i]));
  const pass = growth.threads <= 2 && growth.handles <= 2 && least < 2 ** 20 + (done / 4) * 2 ** 14;
  return { backend, cycles: done, msPerCycle: ms, growth, least, pass };
}

const results = [];
for (const [i, backend] of backends.entries()) {
  const left = seconds - performance.now() / 1000;
  try {
    results.push(await measure(backend, left / (backends.length - i)));
  } catch (error) {
    results.push({ backend, pass: false, why: error.message });
  }
}
const told = ({ backend, cycles: n, msPerCycle, growth, why }) =>
  why
    ? `${backend}: ${why}`
    : `${backend} ${n} × ${msPerCycle.toFixed(1)} ms, ${(growth.rss / 2 ** 20).toFixed(1)} MiB, ${growth.threads} ` +
      `threads, ${growth.handles} handles more`;
console.log(
  JSON.stringify({
    results,
    interrupted: results.some(({ cycles: n }) => n < cycles),
    summary: results.map(told).join('; '),
  }),
);
process.exitCode = results.every(({ pass }) => pass) ? 0 : 1;
