// Transforms of every length up to 2048 and every prime up to 5000, in every kind and precision, on every backend; and
// large ones.
import { createContext } from '../../dist/index.node.js';
import { allLengths, largeRow, openCandidates, Problem, runRow, sweepRow, sweptKinds } from '../../dist/validate.js';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';

export const name = 'fft';
export const about =
  'every length to 2048 and prime to 5000 in every kind on every backend; transforms of up to 2^24 points';
export const minutes = 240;

const backends = ['wasm', 'native', 'cuda-emulated', 'webgpu'];
/**
 * A software GPU takes a second to compile each length: there one kind tests every length, the others every eighth
 * length.
 */
const everyOnWebgpu = (kind) => (kind === 'c2c' ? 1 : 8);
const large = [
  [2 ** 20],
  [1000003],
  [2 ** 22],
  [45360],
  [720720],
  [512, 512],
  [1021, 1023],
  [128, 128, 128],
  [100, 100, 100],
  [256, 256, 256],
];

/** The rows of a backend; `scale` is the share of the lengths that they have, and `seed` says which. */
function* rowsFor(backend, scale, seed) {
  for (const kind of sweptKinds) {
    for (const precision of backend === 'webgpu' ? ['f32'] : ['f32', 'f64']) {
      const step = Math.max(1, Math.round((backend === 'webgpu' ? everyOnWebgpu(kind) : 1) / scale));
      for (const { name: piece, lengths } of allLengths) {
        const least = kind === 'dct1' ? 2 : 1;
        const taken = lengths.filter((n, i) => n >= least && i % step === seed % step);
        if (taken.length > 0) yield sweepRow(kind, precision, `${piece}:every=${step}+${seed % step}`, taken);
      }
    }
  }
  // The emulator takes minutes for a million points.
  const most = backend === 'cuda-emulated' ? 2 ** 18 : 2 ** 24 * Math.min(1, 8 * scale);
  const step = Math.max(1, Math.round(1 / (8 * scale)));
  const small = large.filter((lengths) => lengths.reduce((product, n) => product * n, 1) <= most);
  for (const shape of small.filter((_, i) => i % step === seed % step)) {
    yield largeRow('c2c', 'f32', shape);
    yield largeRow('r2c', 'f32', shape);
    if (backend !== 'webgpu') yield largeRow('c2c', 'f64', shape);
  }
  yield largeRow('dct2', 'f32', [512, 729]);
}

/** Runs the loop; throws if a row fails. */
export async function run({ scale, seeds: [seed = Date.now() % 1e6] = [], note }) {
  note(`seed ${seed}`);
  Object.assign(process.env, softwareVulkan());
  const wrong = [];
  for (const backend of backends) {
    const [candidate] = await openCandidates({ createContext, backends: [backend], budget: Number.POSITIVE_INFINITY });
    if (!candidate.context) {
      note(`${backend}: absent (${candidate.reason})`);
      continue;
    }
    const [worst, counts] = [{ used: 0, id: '' }, {}];
    try {
      for (const row of rowsFor(backend, scale, seed)) {
        const result = await runRow(new Problem(row), candidate);
        counts[result.outcome] = (counts[result.outcome] ?? 0) + 1;
        if (result.outcome !== 'pass') wrong.push(`${backend} ${row.id}: ${result.outcome}, ${result.why}`);
        const used = result.error / result.bound;
        if (used > worst.used) Object.assign(worst, { used, id: row.id });
      }
    } finally {
      await candidate.context?.dispose();
    }
    const outcomes = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
    note(
      `${backend}: rows ${outcomes.join(', ')}; nearest to its bound ${worst.id} with ${worst.used.toFixed(2)} of it`,
    );
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
