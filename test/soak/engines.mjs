/** Plans of FFTW made, run and disposed over and over: what the addon and the library hold has to come back. */
import { createContext, devices } from '../../dist/index.node.js';
import { assertNothingStays } from '../support/process-memory.mjs';

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

/** Runs it; `scale` shortens. Throws where memory stays. */
export async function run({ scale = 1, note = () => {} } = {}) {
  const fftw = (await devices()).flatMap(({ engines }) => engines).find(({ engine }) => engine === 'fftw');
  if (!fftw?.available)
    return note(`absent: ${fftw?.reason ?? 'the native backend, which loads engines, is not here'}`);
  const cycles = Math.round(1e5 * scale);
  const ctx = await createContext({ backend: 'native', strict: true });
  // The library remembers what it has planned: every plan comes up before memory is looked at.
  for (let i = 0; i < Math.max(720, cycles / 10); i++) await cycle(ctx, i);
  note(await assertNothingStays('fftw', cycles, (i) => cycle(ctx, i)));
  if (ctx.liveBytes !== 0) throw new Error(`${ctx.liveBytes} bytes are held after every plan is disposed`);
  await ctx.dispose();
}
