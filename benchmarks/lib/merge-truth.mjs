// The streams of ../shared/data/merge with their true intensities, and how well a merge of them agrees with these.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readReflectionList } from '../../dist/merging.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The folder of the streams. */
export const data = join(process.env.EWALD_TEST_DATA ?? join(root, '../shared/data'), 'merge');
/** Rotations of the point groups: matrices that multiply a row of indices from the right. */
const quarter = ([h, k, l]) => [-k, h, l];
const twofold = ([h, k, l]) => [h, -k, -l];
const groups = {
  '4/m': [quarter],
  mmm: [twofold, ([h, k, l]) => [-h, k, -l]],
  '4/mmm': [quarter, twofold],
};
const swapped = ([h, k, l]) => [k, h, -l];

/** The bounds of the data's README: minima, except of Rsplit. */
export const sets = {
  'amb.ew': { symmetry: '4/m', cc: 0.995, unique: 9900, ccHalf: 0.987, rSplit: 0.11 },
  'amb.cf': { symmetry: '4/m', cc: 0.9955, unique: 9400, ccHalf: 0.989, rSplit: 0.1 },
  'ort.ew': { symmetry: 'mmm', cc: 0.9975, unique: 19200, ccHalf: 0.993, rSplit: 0.08 },
  'ort.cf': { symmetry: 'mmm', cc: 0.998, unique: 18700, ccHalf: 0.995, rSplit: 0.068 },
  'sph.ew': { symmetry: '4/mmm', cc: 0.997, unique: 8400, ccHalf: 0.991, rSplit: 0.082 },
};

export function unpacked(...path) {
  const { stdout, status, error } = spawnSync('xz', ['-dc', join(data, ...path)], { maxBuffer: 2 ** 28 });
  if (error || status !== 0) throw new Error(`xz could not read ${path.join('/')}`, { cause: error });
  return stdout;
}
export const listOf = (...path) => readReflectionList(unpacked(...path).toString());

/** All equivalent indices under the group and the inversion; their largest key stands for the reflection. */
function keyOf(indices, symmetry) {
  const members = [indices];
  const keys = new Set([indices.join()]);
  for (const member of members)
    for (const operation of [...groups[symmetry], ([h, k, l]) => [-h, -k, -l]]) {
      const next = operation(member).map((x) => x + 0);
      if (keys.has(next.join())) continue;
      keys.add(next.join());
      members.push(next);
    }
  return [...keys].sort().at(-1);
}

/** Key → [I, sigma, measurements] of a list, with its indices transformed. */
function tableOf(list, symmetry, change = (indices) => indices) {
  const table = new Map();
  for (let i = 0; i < list.count; i++)
    table.set(keyOf(change([...list.indices.subarray(3 * i, 3 * i + 3)]), symmetry), [
      list.intensity[i],
      list.sigma[i],
    ]);
  return table;
}

const medianOf = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
function correlation(pairs) {
  const mean = (n) => pairs.reduce((sum, pair) => sum + pair[n], 0) / pairs.length;
  const [a, b] = [mean(0), mean(1)];
  let [xx, yy, xy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xx += (x - a) ** 2;
    yy += (y - b) ** 2;
    xy += (x - a) * (y - b);
  }
  return xy / Math.sqrt(xx * yy);
}

/** The figures of the data's score.py. An ambiguous form may come out in either of its settings; the better counts. */
export function scoreOf(lists, truth, symmetry) {
  const [whole, first, second] = lists;
  const known = tableOf(truth, symmetry);
  const score = (change) => {
    const table = tableOf(whole, symmetry, change);
    const both = [...table].flatMap(([key, [intensity, sigma]]) =>
      known.has(key) ? [[intensity, known.get(key)[0], sigma]] : [],
    );
    const middle = medianOf(both.map(([, j]) => j));
    const scale = medianOf(both.filter(([, j]) => j > middle).map(([i, j]) => i / j));
    const z = medianOf(both.map(([i, j, sigma]) => Math.abs(i - scale * j) / Math.max(sigma, 1e-9))) / 0.674;
    return { cc: correlation(both), unique: both.length, z };
  };
  const best = (symmetry === '4/m' ? [undefined, swapped] : [undefined]).map(score).sort((a, b) => b.cc - a.cc)[0];
  const [a, b] = [tableOf(first, symmetry), tableOf(second, symmetry)];
  const halves = [...a].flatMap(([key, [x]]) => (b.has(key) ? [[x, b.get(key)[0]]] : []));
  const sum = (of) => halves.reduce((total, pair) => total + of(pair), 0);
  return {
    ...best,
    ccHalf: correlation(halves),
    rSplit: sum(([x, y]) => Math.abs(x - y)) / sum(([x, y]) => (x + y) / 2) / Math.SQRT2,
  };
}

/** Crystals in another setting than most, by the table beside the stream. */
export function wrongSettings(set, crystals) {
  const settings = readFileSync(join(data, `${set}.crystals.txt`), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Number(line.split(/\s+/)[1]));
  const wrong = crystals.filter(({ way }, c) => way !== settings[c]).length;
  return Math.min(wrong, crystals.length - wrong);
}
