/** Crystals are eliminated block by block: the equations are those of a dense elimination, for less work. */
import { expect, test } from 'vitest';
import { Elimination, PairDerivatives } from '../../src/refinement/elimination.js';
import { locals } from '../../src/refinement/ray.js';
import { inverseOf, solved, times } from '../../src/util/linear.js';
import { uniform } from '../support/random-cells.mjs';

const random = uniform(7);
/** Shared parameters, crystals, pairs of each, and shared parameters on which a pair depends. */
const [n, crystals, pairs, touched] = [60, 3, 12, 3];

type Rows = { readonly residual: number; readonly weight: number; readonly own: number[]; readonly shared: number[] }[];

test('the equations of many panels are those of a dense elimination, and each crystal adds only to its own', () => {
  const equations = new Elimination(n);
  const matrix = new Float64Array(n * n);
  const right = new Float64Array(n);
  const wanted: number[] = [];
  for (let c = 0; c < crystals; c++) {
    const rows: Rows = [];
    const seen = new Set<number>();
    const strain = new Float64Array(6);
    for (let p = 0; p < pairs; p++) {
      const pair = new PairDerivatives(touched);
      pair.count = touched;
      for (let i = 0; i < touched; i++) pair.rows[i] = (7 * p + 20 * c + 13 * i) % n;
      for (const row of pair.rows) seen.add(row);
      for (let i = 0; i < pair.own.length; i++) pair.own[i] = random() - 0.5;
      for (let i = 0; i < pair.shared.length; i++) pair.shared[i] = random() - 0.5;
      const residual = [random(), random(), random()] as const;
      const weights = [2, 2, 3] as const;
      pair.residual.set(residual);
      pair.weights.set(weights.slice(1));
      equations.add(pair);
      for (const [k, weight] of weights.entries()) {
        const shared = new Array<number>(n).fill(0);
        for (let i = 0; k < 2 && i < touched; i++) shared[pair.rows[i] as number] = pair.shared[2 * i + k] as number;
        const own = Array.from(pair.own.subarray(k * locals, (k + 1) * locals));
        rows.push({ residual: residual[k] as number, weight, own, shared });
      }
    }
    equations.addPrior(strain, 1, [], new Float64Array(36));
    equations.eliminate();
    wanted.push(seen.size);
    addDense(rows, matrix, right);
  }
  const normal = equations.normal();
  const near = (found: Float64Array, expected: Float64Array): void => {
    for (const [i, x] of expected.entries()) expect(Math.abs((found[i] as number) - x), `${i}`).toBeLessThan(1e-9);
  };
  near(normal.matrix, matrix);
  near(normal.right, right);
  expect(normal.shares.map(({ values }) => values.length)).toEqual(wanted);
  expect(Math.max(...wanted)).toBeLessThan(n);
});

/** Adds the Schur complement of a crystal with all numbers. */
function addDense(rows: Rows, matrix: Float64Array, right: Float64Array): void {
  const sum = (of: (row: Rows[number]) => number): number => rows.reduce((all, row) => all + row.weight * of(row), 0);
  const own = Float64Array.from({ length: locals * locals }, (_, i) => {
    const [a, b] = [Math.floor(i / locals), i % locals];
    const prior = a !== b ? 0 : a < 3 ? 1e-6 : 1;
    return prior + sum((row) => (row.own[a] as number) * (row.own[b] as number));
  });
  const inverse = inverseOf(own, locals) as Float64Array;
  const alone = times(
    inverse,
    Array.from({ length: locals }, (_, a) => sum((row) => (row.own[a] as number) * row.residual)),
    locals,
  );
  const mixed = Array.from({ length: n }, (_, s) =>
    Array.from({ length: locals }, (_, a) => sum((row) => (row.shared[s] as number) * (row.own[a] as number))),
  );
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((all, x, i) => all + x * (b[i] as number), 0);
  for (let i = 0; i < n; i++) {
    const by = times(inverse, mixed[i] as number[], locals);
    right[i] =
      (right[i] as number) + sum((row) => (row.shared[i] as number) * row.residual) - dot(mixed[i] as number[], alone);
    for (let j = 0; j < n; j++)
      matrix[i * n + j] =
        (matrix[i * n + j] as number) +
        sum((row) => (row.shared[i] as number) * (row.shared[j] as number)) -
        dot(by, mixed[j] as number[]);
  }
}

test.each([1, 2, 5, 17, 40])('a system of %i numbers is solved as its inverse solves it', (size) => {
  const some = Float64Array.from({ length: size * size }, () => random() - 0.5);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      for (let k = 0; k < size; k++)
        matrix[i * size + j] =
          (matrix[i * size + j] as number) + (some[i * size + k] as number) * (some[j * size + k] as number);
  for (let i = 0; i < size; i++) matrix[i * (size + 1)] = (matrix[i * (size + 1)] as number) + 1;
  const right = Float64Array.from({ length: size }, random);
  const inverse = inverseOf(matrix, size) as Float64Array;
  const found = solved(matrix, right, size) as Float64Array;
  for (const [i, x] of times(inverse, right, size).entries()) expect(found[i]).toBeCloseTo(x, 10);
  for (const [i, x] of times(matrix, found, size).entries()) expect(x).toBeCloseTo(right[i] as number, 10);
  expect(
    solved(
      matrix.map((x) => -x),
      right,
      size,
    ),
  ).toBeUndefined();
});
