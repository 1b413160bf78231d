/** The case table of transforms. */
import type { Context } from '../../../assembly/rooms.js';
import type { RoomTable } from '../../case.js';
import { fftRows } from './index.js';

async function tryOut(context: Context): Promise<void> {
  const plan = await context.fft({ shape: [6, 10] });
  // A pure wave, whose spectrum is a single bin.
  const wave = Float32Array.from({ length: 120 }, (_, i) => {
    const [j, k] = [Math.floor(i / 20), Math.floor(i / 2) % 10];
    const phase = 2 * Math.PI * ((2 * j) / 6 + (3 * k) / 10);
    return i % 2 === 0 ? Math.cos(phase) : Math.sin(phase);
  });
  const spectrum = await plan.forward(wave);
  await plan.dispose();
  const wrong = spectrum.findIndex((x, i) => Math.abs(x - (i === 2 * (2 * 10 + 3) ? 60 : 0)) > 1e-4);
  if (wrong >= 0) throw new Error(`number ${wrong} of the spectrum of a wave is ${spectrum[wrong]}`);
}

export const fftTable: RoomTable = { name: 'fft', rows: fftRows, tryOut };
