// Whether a found crystal has the right names of its axes, not only the right lattice: the comparison with the truth
// for tests, benchmarks and sweeps. Axes that are nearly equal are not equal: what takes the true axes to the found ones
// must be a rotation of the true lattice itself.

const [half, third] = [1 / 2, 1 / 3];
/** Primitive vectors in terms of a, b, c. */
const primitive = {
  P: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  R: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  A: [1, 0, 0, 0, half, -half, 0, half, half],
  B: [half, 0, -half, 0, 1, 0, half, 0, half],
  C: [half, -half, 0, half, half, 0, 0, 0, 1],
  I: [-half, half, half, half, -half, half, half, half, -half],
  F: [0, half, half, half, 0, half, half, half, 0],
  H: [2 * third, third, third, -third, third, third, -third, -2 * third, third],
};

const product = (a, b) =>
  Array.from({ length: 9 }, (_, n) => [0, 1, 2].reduce((sum, k) => sum + a[n - (n % 3) + k] * b[3 * k + (n % 3)], 0));
const cross = (a, b, m) =>
  [0, 1, 2].map(
    (i) => m[3 * a + ((i + 1) % 3)] * m[3 * b + ((i + 2) % 3)] - m[3 * a + ((i + 2) % 3)] * m[3 * b + ((i + 1) % 3)],
  );
const determinant = (m) => cross(1, 2, m).reduce((sum, x, i) => sum + x * m[i], 0);
function inverse(m) {
  const d = determinant(m);
  const columns = [cross(1, 2, m), cross(2, 0, m), cross(0, 1, m)];
  return Array.from({ length: 9 }, (_, n) => columns[n % 3][Math.floor(n / 3)] / d);
}

/** Strain above which a map is not a rotation of the true lattice. */
const exact = 2e-4;
/** Distance from integers up to which two bases span one lattice. */
const integer = 0.2;

/** The largest element of ½ (F Fᵀ − 1), where F takes one basis to another. */
function strainOf(to, from) {
  const map = product(inverse(from), to);
  let most = 0;
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) {
      const square = [0, 1, 2].reduce((sum, k) => sum + map[3 * i + k] * map[3 * j + k], 0);
      most = Math.max(most, Math.abs(square - (i === j ? 1 : 0)) / 2);
    }
  return most;
}

/**
 * 'none', 'lattice' (a wrong one), 'label' (the right lattice with wrong names), 'undecided' or 'right'. `crystal`: one
 * of `crystals()`; `truths`: the cells of the image, rows a, b, c, in the same setting.
 */
export function verdictOf(crystal, truths, centring = 'P') {
  if (!crystal) return 'none';
  const found = product(primitive[centring], crystal.cell.flat());
  const [nearest] = truths
    .map((truth) => {
      const own = product(primitive[centring], truth.flat());
      const exactly = product(found, inverse(own));
      const whole = exactly.map(Math.round);
      return { own, whole, off: Math.max(...exactly.map((x, i) => Math.abs(x - whole[i]))) };
    })
    .filter(({ off, whole }) => off < integer && Math.round(determinant(whole)) === 1)
    .sort((p, q) => p.off - q.off);
  if (!nearest) return 'lattice';
  if (crystal.ambiguous) return 'undecided';
  return strainOf(product(nearest.whole, nearest.own), nearest.own) <= exact ? 'right' : 'label';
}

/** Cells that are nearly more symmetric than they are: parameters, centring, and how far they are from it. */
export const pseudoCells = {
  'oP 0.7 %': [[90.63, 91.26, 49.04, 90, 90, 90], 'P'],
  'oP 2 %': [[60.2, 61.4, 83.5, 90, 90, 90], 'P'],
  'hR 2.7 % from cF': [[67.42, 67.42, 160.67, 90, 90, 120], 'H'],
  'tI 0.6 % from cF': [[87.15, 87.15, 123.99, 90, 90, 90], 'I'],
  'tI 6 % from cF': [[67.4, 67.4, 101.1, 90, 90, 90], 'I'],
  'mP 1 % from tP': [[51.6, 70.9, 52.1, 90, 90.6, 90], 'P'],
  'mC 0.8 % from oC': [[95.2, 58.1, 71.3, 90, 90.8, 90], 'C'],
  'aP 0.8 % from mP': [[47.3, 58.9, 66.2, 90.7, 97.4, 89.3], 'P'],
  'oC 1 % from hP': [[62.1, 108.4, 75.3, 90, 90, 90], 'C'],
  'tP 1 % from cP': [[68.3, 68.3, 69.0, 90, 90, 90], 'P'],
};
/** Cells without a near symmetry. */
export const plainCells = {
  tP: [[79.1, 79.1, 38.1, 90, 90, 90], 'P'],
  oP: [[44.7, 61.8, 85.3, 90, 90, 90], 'P'],
  mP: [[44.7, 61.8, 54.9, 90, 104.1, 90], 'P'],
  aP: [[41.2, 52.7, 63.1, 82.3, 96.4, 104.9], 'P'],
  cF: [[141.2, 141.2, 141.2, 90, 90, 90], 'F'],
};

/** Spot lists of several stills as the input of one run. */
export function batchOf(lists) {
  const offsets = Uint32Array.from([0, ...lists.map((list) => list.length / 3)]);
  for (let i = 1; i < offsets.length; i++) offsets[i] += offsets[i - 1];
  return { spots: Float32Array.from(lists.flatMap((list) => [...list])), offsets };
}
