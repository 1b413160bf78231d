// Merges many stills: `node benchmarks/merging/run.mjs [CRYSTALS] [BACKEND] [ambiguous]`, 10⁵ crystals of some 300
// observations, four cycles; `ambiguous` merges in 4/m crystals that were indexed in one of two ways. Verifies before
// it times: a merge of 500 crystals must agree with the truth. Prints CPU seconds, because the machine may be busy, and
// memory. `node benchmarks/merging/run.mjs truth` compares merges of streams with their truth; see truth.mjs,
// and last-step.mjs for `last-step`.
if (process.argv[2] === 'truth') await import('./truth.mjs');
else if (process.argv[2] === 'last-step') await import('./last-step.mjs');

import { createContext } from '../../dist/index.node.js';

const crystals = Number(process.argv[2] ?? 1e5);
const backend = process.argv[3] ?? 'native';
// Number of distinct crystals; a larger stream repeats them.
const different = 500;
const ambiguous = process.argv[4] === 'ambiguous';
const cell = ambiguous ? [57, 57, 72] : [52, 61, 74];
const [wavelength, dMin] = [1.3, 2.36];

/** Uniform random numbers from a seed (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = generator(1);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const truths = new Map();
/** Equivalent reflections of mmm, or of 4/m, have one key. */
function keyOf(h, k, l) {
  if (!ambiguous) return `${Math.abs(h)},${Math.abs(k)},${Math.abs(l)}`;
  let [x, y] = [h, k];
  while (!(x > 0 && y >= 0) && (x !== 0 || y !== 0)) [x, y] = [-y, x];
  return `${x},${y},${Math.abs(l)}`;
}
function truthOf(h, k, l) {
  const key = keyOf(h, k, l);
  if (!truths.has(key)) truths.set(key, -600 * Math.log(1 - random()));
  return truths.get(key);
}

/** The two pieces of the text of a chunk; the event number is inserted between them. */
function crystalText() {
  const [u, v, w] = [random(), 2 * Math.PI * random(), 2 * Math.PI * random()];
  const [x, y] = [Math.sqrt(1 - u) * Math.sin(v), Math.sqrt(1 - u) * Math.cos(v)];
  const [z, s] = [Math.sqrt(u) * Math.sin(w), Math.sqrt(u) * Math.cos(w)];
  const rows = [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * s), 2 * (x * z + y * s)],
    [2 * (x * y + z * s), 1 - 2 * (x * x + z * z), 2 * (y * z - x * s)],
    [2 * (x * z - y * s), 2 * (y * z + x * s), 1 - 2 * (x * x + y * y)],
  ].map((row, i) => row.map((a) => a / cell[i]));
  const [lnG, b, radius] = [0.5 * normal(), 5 * normal(), 6e-4 * Math.exp(0.15 * normal())];
  const lines = [];
  const swapped = ambiguous && random() < 0.5;
  const [mh, mk, ml] = cell.map((length) => Math.floor(length / dMin));
  for (let h = -mh; h <= mh; h++)
    for (let k = -mk; k <= mk; k++)
      for (let l = -ml; l <= ml; l++) {
        const g = [0, 1, 2].map((axis) => h * rows[0][axis] + k * rows[1][axis] + l * rows[2][axis]);
        const q2 = g[0] ** 2 + g[1] ** 2 + g[2] ** 2;
        if (q2 === 0 || q2 > 1 / dMin ** 2) continue;
        const error = Math.hypot(g[0], g[1], g[2] + 1 / wavelength) - 1 / wavelength;
        if (Math.abs(error) > 2 * radius) continue;
        const mean =
          (swapped ? truthOf(k, h, -l) : truthOf(h, k, l)) *
          Math.exp(lnG - (b * q2) / 2 - error ** 2 / (2 * radius ** 2));
        const observed = mean + Math.sqrt(mean + 40) * normal();
        const sigma = Math.sqrt(Math.max(observed, 0) + 40);
        lines.push(` ${h} ${k} ${l} ${observed.toFixed(2)} ${sigma.toFixed(2)} 9.00 1.00 100.0 200.0 p0`);
      }
  const head = '----- Begin chunk -----\nImage filename: run.h5\nEvent: //';
  const rest = [
    `photon_energy_eV = ${12398.41984332003 / wavelength}`,
    '--- Begin crystal',
    `Cell parameters ${cell.map((a) => a / 10).join(' ')} nm, 90 90 90 deg`,
    ...rows.map((row, i) => `${'abc'[i]}star = ${row.map((a) => (10 * a).toFixed(7)).join(' ')} nm^-1`),
    'Reflections measured after indexing',
    '   h    k    l          I   sigma(I)       peak background  fs/px  ss/px panel',
    ...lines,
    'End of reflections',
    '--- End crystal',
    '----- End chunk -----\n',
  ].join('\n');
  return [head, `\n${rest}`, lines.length];
}

const texts = Array.from({ length: different }, crystalText);
function* stream(count) {
  const encoder = new TextEncoder();
  yield encoder.encode('CrystFEL stream format 2.3\n');
  for (let c = 0; c < count; c++) {
    const [head, rest] = texts[c % different];
    yield encoder.encode(`${head}${c}${rest}`);
  }
}

/** Correlation of a reflection list with the truth. */
function agreement(list) {
  return Math.max(agreementIn(list, 0, 1), ambiguous ? agreementIn(list, 1, 0) : -1);
}

/** The correlation with the indices in this order: an ambiguous form may come out in either setting. */
function agreementIn({ count, indices, intensity }, first, second) {
  let [n, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const [x, y] = [intensity[i], truthOf(indices[3 * i + first], indices[3 * i + second], indices[3 * i + 2])];
    n++;
    a += x;
    b += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return (n * ab - a * b) / Math.sqrt((n * aa - a * a) * (n * bb - b * b));
}

const context = await createContext({ backend, strict: true });
const options = { symmetry: ambiguous ? '4/m' : 'mmm', polarisation: 'none', iterations: 4 };
const seconds = (since) => {
  const { user, system } = process.cpuUsage(since);
  return ((user + system) / 1e6).toFixed(1);
};
async function merge(count) {
  const merger = await context.merger(options);
  const before = process.cpuUsage();
  await merger.addStream({ name: 'stream', bytes: stream(count) });
  const read = seconds(before);
  const between = process.cpuUsage();
  const result = await merger.run();
  return { result, read, merged: seconds(between), observations: merger.observations };
}

const { result: small } = await merge(different);
const cc = agreement(small.reflections);
if (!(cc > 0.99))
  throw new Error(`a merge of ${different} crystals correlates with the truth by ${cc}; nothing is timed`);
console.log(`${different} crystals: correlation with the truth ${cc.toFixed(4)}`);
const { result, read, merged, observations } = await merge(crystals);
const gigabytes = (process.resourceUsage().maxRSS / 2 ** 20).toFixed(2);
console.log(
  `${crystals} crystals, ${observations} observations, ${result.reflections.count} unique on ${backend}: ` +
    `read in ${read} s, merged in ${merged} s of CPU, ${gigabytes} GiB at most; ` +
    `correlation with the truth ${agreement(result.reflections).toFixed(4)}`,
);
await context.dispose();
