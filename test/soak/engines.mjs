/** Plans of FFTW made, run and disposed over and over: what the addon and the library hold has to come back. */
import { createContext, devices } from '../../dist/index.node.js';

export const name = 'engines';
/** What is looked at. */
export const about = '10^5 times plan, transform and dispose with FFTW, every kind, aligned or not';
/** How long it takes, about, on one core. */
export const minutes = 3;

const kinds = [
  { kind: 'c2c' },
  { kind: 'r2c' },
  { kind: 'real' },
  { kind: 'r2r', r2r: 'dct2' },
  { kind: 'c2c', inPlace: true },
];

async function cycle(ctx, i) {
  const plan = await ctx.fft({
    shape: [3, 8 + (i % 24)],
    engine: 'fftw',
    tune: 'estimate',
    precision: i % 3 ? 'f32' : 'f64',
    ...kinds[i % kinds.length],
  });
  const ArrayType = plan.precision === 'f32' ? Float32Array : Float64Array;
  const input = new ArrayType(plan.outputLength + 1).subarray(i % 2).subarray(0, plan.outputLength);
  await plan.backward(input);
  await plan.dispose();
}

async function measure() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage();
}

/** Runs it; `scale` shortens. Throws where memory stays. */
export async function run({ scale = 1, note = () => {} } = {}) {
  if (!globalThis.gc) throw new Error('needs node --expose-gc');
  const fftw = (await devices()).flatMap(({ engines }) => engines).find(({ engine }) => engine === 'fftw');
  if (!fftw?.available)
    return note(`absent: ${fftw?.reason ?? 'the native backend, which loads engines, is not here'}`);
  const cycles = Math.round(1e5 * scale);
  const ctx = await createContext({ backend: 'native', strict: true });
  // The library remembers what it has planned: every plan comes up before memory is looked at.
  for (let i = 0; i < Math.max(720, cycles / 10); i++) await cycle(ctx, i);
  const before = await measure();
  const started = performance.now();
  for (let i = 0; i < cycles; i++) await cycle(ctx, i);
  const took = (performance.now() - started) / 1000;
  const after = await measure();
  if (ctx.liveBytes !== 0) throw new Error(`${ctx.liveBytes} bytes are held after every plan is disposed`);
  const grown = Object.fromEntries(
    ['rss', 'heapUsed', 'external', 'arrayBuffers'].map((what) => [what, after[what] - before[what]]),
  );
  note(
    `fftw: ${cycles} cycles in ${took.toFixed(1)} s, memory changed by ${Object.entries(grown)
      .map(([what, bytes]) => `${what} ${(bytes / 1e6).toFixed(2)} MB`)
      .join(', ')}`,
  );
  if (grown.heapUsed > 5e5 + 20 * cycles)
    throw new Error(`the JavaScript heap grew by ${grown.heapUsed} bytes in ${cycles} cycles`);
  if (grown.arrayBuffers > 1e5)
    throw new Error(`array buffers grew by ${grown.arrayBuffers} bytes in ${cycles} cycles`);
  // A plan of FFTW takes some kilobytes: one in ten that stays would show.
  if (grown.rss > 16e6 + 100 * cycles)
    throw new Error(`the resident set grew by ${grown.rss} bytes in ${cycles} cycles`);
  await ctx.dispose();
}
