/** The support table: what each backend of this place really does, found by doing a little of it. */
import { type BackendName, backendNames } from '../backends/backend.js';
import type { Context } from '../context.js';
import { isEwaldError, messageOf } from '../errors.js';
import { countInside } from './oracle/pi/philox.js';
import type { OpenContext } from './run.js';

/** One cell of the table. `refused` is a backend that is here but does not have the feature; `why` says so. */
export interface SupportCell {
  readonly feature: string;
  readonly backend: BackendName;
  readonly outcome: 'works' | 'refused' | 'absent' | 'fails';
  readonly why: string | null;
}

// One small job a feature; it throws when its answer is wrong.
const features: Record<string, (context: Context) => Promise<void>> = {
  async pi(context) {
    const plan = await context.pi();
    const { hits } = await plan.run({ points: 1000, seed: 42 });
    await plan.dispose();
    const expected = countInside({ seed: 42n, stream: 0, first: 0n, points: 1000n });
    if (hits !== expected) throw new Error(`counted ${hits} of 1000 points, the oracle ${expected}`);
  },
  async indexing(context) {
    const indexer = await context.indexer();
    // A perfect lattice along the axes: every node within 0.25 1/angstrom of the origin.
    const spots: number[] = [];
    for (let h = -4; h <= 4; h++)
      for (let k = -4; k <= 4; k++) if (h !== 0 || k !== 0) spots.push(h / 30, k / 40, ((h + 2 * k) % 5) / 50);
    const result = await indexer.run({ spots, cells: [30, 0, 0, 0, 40, 0, 0, 0, 50] });
    await indexer.dispose();
    if (!result.image(0).indexed) throw new Error('a perfect lattice was not found');
  },
  async fft(context) {
    const plan = await context.fft({ shape: [6, 10] });
    // A pure wave: one bin holds everything.
    const wave = Float32Array.from({ length: 120 }, (_, i) => {
      const [j, k] = [Math.floor(i / 20), Math.floor(i / 2) % 10];
      const phase = 2 * Math.PI * ((2 * j) / 6 + (3 * k) / 10);
      return i % 2 === 0 ? Math.cos(phase) : Math.sin(phase);
    });
    const spectrum = await plan.forward(wave);
    await plan.dispose();
    const wrong = spectrum.findIndex((x, i) => Math.abs(x - (i === 2 * (2 * 10 + 3) ? 60 : 0)) > 1e-4);
    if (wrong >= 0) throw new Error(`number ${wrong} of the spectrum of a wave is ${spectrum[wrong]}`);
  },
};

/** Tries every feature on every backend of this place; a backend that is not here is `absent` with its reason. */
export async function supportTable(
  createContext: OpenContext,
  backends: readonly BackendName[] = backendNames,
): Promise<SupportCell[]> {
  const cells: SupportCell[] = [];
  for (const backend of backends) {
    let context: Context | undefined;
    let reason: string | null = null;
    try {
      context = await createContext({ backend, strict: true, log: { level: 'silent' } });
    } catch (error) {
      reason = messageOf(error);
    }
    for (const [feature, job] of Object.entries(features)) {
      if (!context) {
        cells.push({ feature, backend, outcome: 'absent', why: reason });
        continue;
      }
      try {
        await job(context);
        cells.push({ feature, backend, outcome: 'works', why: null });
      } catch (error) {
        cells.push({
          feature,
          backend,
          outcome: isEwaldError(error, 'Unsupported') ? 'refused' : 'fails',
          why: messageOf(error),
        });
      }
    }
    await context?.dispose();
  }
  return cells;
}
