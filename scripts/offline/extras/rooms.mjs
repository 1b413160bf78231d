// Frames through the rooms: passes over frames on the host (streamed) and in device memory (resident), peaks with one
// and with several frames in flight. Results of passes are compared with plain loops, and all peaks are counted, before
// a rate is printed. usage: rooms.mjs [--seconds N]
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const seconds = Number(process.argv[process.argv.indexOf('--seconds') + 1] || 60);
const here = new URL('../../../dist/index.node.js', import.meta.url);
const entry = existsSync(here) ? here.href : pathToFileURL(createRequire(import.meta.url).resolve('ewald')).href;
const { createContext, devices } = await import(existsSync(here) ? entry : 'ewald');
const backends = (process.env.EWALD_BACKENDS ?? 'native').split(',').filter((name) => name && name !== 'wasm');
const started = performance.now();
const left = () => seconds - (performance.now() - started) / 1000;
const rows = [];
const wrong = [];
let interrupted = false;

/** The least seconds of a run within a time; the first run is not counted. */
async function fastest(share, run) {
  await run();
  let least = Number.POSITIVE_INFINITY;
  const until = performance.now() + 1000 * share;
  do {
    const begin = performance.now();
    await run();
    least = Math.min(least, (performance.now() - begin) / 1000);
  } while (performance.now() < until);
  return least;
}

const [side, stack] = [256, 512];
const pixels = side * side;
const frames = Uint16Array.from({ length: stack * pixels }, (_, i) => Math.imul(i, 40503) & 1023);
const weights = Float32Array.from({ length: 16 * pixels }, (_, i) => ((i * 7) % 5) - 2);
const spans = Uint32Array.from({ length: 2 * side }, (_, i) => side * ((i + 1) >> 1));
const passes = {
  sum: [{ kind: 'sum' }],
  'centre of mass': [{ kind: 'com', spans }],
  '16 masks': [{ kind: 'dense', weights, masks: 16 }],
};
/** The first number of each pass, by a plain loop. */
const first = {
  sum: () => {
    let all = 0;
    for (let f = 0; f < stack; f++) all += frames[f * pixels];
    return all;
  },
  'centre of mass': () => frames.subarray(0, pixels).reduce((all, v) => all + v, 0),
  '16 masks': () => frames.subarray(0, pixels).reduce((all, v, p) => all + v * weights[p], 0),
};

/** The stack, several times. */
function repeated(times) {
  const all = new Uint16Array(times * frames.length);
  for (let k = 0; k < times; k++) all.set(frames, k * frames.length);
  return all;
}

async function runPasses(context, backend, share) {
  const onCard = backend === 'cuda' || backend === 'webgpu';
  // In a card's memory a stack far larger than its cache, so that neither this nor starting a run is what is measured.
  const memory = backend === 'cuda' ? (await devices()).find((device) => device.backend === backend)?.memory : 0;
  const repeats = Math.max(1, Math.min(31, Math.floor((memory ?? 0) / 8 / frames.byteLength)));
  let array;
  if (onCard) array = await context.array(repeats === 1 ? frames : repeated(repeats)).catch(() => undefined);
  for (const [what, steps] of Object.entries(passes)) {
    const pass = await context.framePass({ width: side, height: side, dtype: 'u16', steps });
    for (const resident of array ? [false, true] : [false]) {
      const [input, times] = resident ? [array, repeats] : [frames, 1];
      const { nav, sig } = await pass.run(input, times * stack);
      const found = what === 'sum' ? sig[0] / times : nav[0];
      const wanted = first[what]();
      if (Math.abs(found - wanted) > 1e-4 * Math.abs(wanted) + 1) {
        wrong.push(`${what} on ${backend} is ${found}, expected ${wanted}`);
        continue;
      }
      const least = await fastest(share / 8, () => pass.run(input, times * stack));
      rows.push({
        what: `${what}, ${resident ? 'resident' : 'streamed'}`,
        backend,
        resident,
        rate: (times * stack) / least,
        unit: 'frames/s',
        gbps: (2 * times * stack * pixels) / least / 1e9,
      });
    }
    await pass.dispose();
  }
  await array?.dispose();
}

/** Frames of 4 Mpixel with 100 peaks each. */
async function runPeaks(context, backend, share) {
  const size = 2048;
  const frame = Uint16Array.from({ length: size * size }, (_, i) => 10 + (Math.imul(i, 40503) & 3));
  for (let k = 0; k < 100; k++) {
    const at = (100 + 190 * Math.floor(k / 10)) * size + 100 + 190 * (k % 10);
    for (const off of [0, 1, size, size + 1]) frame[at + off] = 500;
  }
  const options = { threshold: 100, minSnr: 5, minPixCount: 2 };
  for (const inFlight of [1, 4]) {
    const searches = [];
    for (let i = 0; i < inFlight; i++) searches.push(await context.peaks({ width: size, height: size, dtype: 'u16' }));
    const { count } = await searches[0].run(frame, options);
    if (count !== 100) wrong.push(`${count} peaks on ${backend}, expected 100`);
    else {
      const least = await fastest(share / 8, () => Promise.all(searches.map((search) => search.run(frame, options))));
      rows.push({
        what: `peaks of 4 Mpixel, ${inFlight} in flight`,
        backend,
        rate: inFlight / least,
        unit: 'frames/s',
        gbps: (2 * inFlight * size * size) / least / 1e9,
      });
    }
    for (const search of searches) await search.dispose();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    interrupted = true;
    report();
    process.exit();
  });
function report() {
  const told = rows
    .filter(({ rate }) => rate)
    .map(({ what, backend, rate, unit }) => `${what} on ${backend} ${rate.toPrecision(3)} ${unit}`);
  const summary = [...wrong, ...told].join('; ') || 'no time';
  process.stdout.write(`${JSON.stringify({ summary, wrong, interrupted, rows })}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

for (const [i, backend] of backends.entries()) {
  const share = left() / (backends.length - i);
  if (share < 2) {
    interrupted = true;
    break;
  }
  try {
    const context = await createContext({ backend, strict: true, log: { level: 'error' } });
    await runPasses(context, backend, 0.6 * share);
    if (backend !== 'webgpu' || !context.device?.software) await runPeaks(context, backend, 0.4 * share);
    await context.dispose();
  } catch (error) {
    wrong.push(`${backend}: ${error.message}`);
  }
}
report();
