/** Makes, runs and disposes FFTW plans repeatedly: the memory of the addon and of the library must be released. */
import { createContext, devices } from '../../dist/index.node.js';
import { assertNothingStays } from '../support/process-memory.mjs';

export const name = 'engines';
/** A summary of the loop. */
export const about = '10^5 times plan, transform and dispose with FFTW, every kind, aligned or not';
/** Approximate duration on one core. */
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

/** Runs the loop, shortened by `scale`. Throws if memory is retained. */
export async function run({ scale = 1, note = () => {} } = {}) {
  const fftw = (await devices()).flatMap(({ engines }) => engines).find(({ engine }) => engine === 'fftw');
  if (!fftw?.available)
    return note(`absent: ${fftw?.reason ?? 'the native backend, which loads engines, is not here'}`);
  const cycles = Math.round(1e5 * scale);
  const ctx = await createContext({ backend: 'native', strict: true });
  // The library remembers every plan it has made, so all plans are made once before memory is measured.
  for (let i = 0; i < Math.max(720, cycles / 10); i++) await cycle(ctx, i);
  note(await assertNothingStays('fftw', cycles, (i) => cycle(ctx, i)));
  if (ctx.liveBytes !== 0) throw new Error(`${ctx.liveBytes} bytes are held after every plan is disposed`);
  await ctx.dispose();
}
