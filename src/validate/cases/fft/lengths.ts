/**
 * Lengths for which a direct sum takes too long: they are compared with a fast float64 transform, which is itself
 * compared with the sums.
 *
 * `fft:lengths` have all lengths up to 2048 and all primes up to 5000 for complex numbers, and a selection of them for
 * the other kinds; test/soak/fft.mjs has all of them for all kinds. WebGPU, whose drivers take tenths of a second to
 * compile each length, is tested by the single lengths of kinds.ts, by the soak and with `--budget 60`.
 */

import type { FftOptions, FftPrecision, R2rKind } from '../../../fft/fft.js';
import { ofLength } from '../../bounds.js';
import type { Comparison, Row } from '../../case.js';
import type { Problem } from './problem.js';
import { type FftRow, makeRow } from './row.js';
import type { Output } from './subject.js';

/** A transform of one axis: complex, real to half, or one of the sines and cosines. */
type SweptKind = 'c2c' | 'r2c' | R2rKind;
/** All of them. */
export const sweptKinds: readonly SweptKind[] = [
  ...(['c2c', 'r2c', 'dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'] as const),
];

const optionsOf = (kind: SweptKind, precision: FftPrecision, shape: readonly number[]): FftOptions =>
  kind === 'c2c' || kind === 'r2c' ? { shape, precision, kind } : { shape, precision, kind: 'r2r', r2r: kind };

/** A row over several lengths, which `name` identifies; each must meet its own bound. */
export function sweepRow(
  kind: SweptKind,
  precision: FftPrecision,
  name: string,
  lengths: readonly number[],
): Row<readonly Problem[], readonly Output[], readonly Float64Array[]> {
  const rows = lengths.map((n) => makeRow(optionsOf(kind, precision, [n]), '', { oracleMethod: 'fast' }));
  const measures = ['l2', 'worst', 'returned', 'strays'];
  return {
    id: `fft:lengths:${kind}:${precision}:${name}`,
    about: `${lengths.length} lengths`,
    cost: rows.reduce((sum, { cost }) => sum + 9e-5 + cost, 0),
    plans: lengths.length,
    work: { amount: 2 * lengths.length, unit: 'transforms' },
    make: (seed) => rows.map((single, i) => single.make(seed + i)),
    oracle: (problems) => rows.map((single, i) => single.oracle(problems[i] as Problem)),
    plan: async (context, problems) => ({
      async run() {
        const outputs: Output[] = [];
        for (const [i, single] of rows.entries()) {
          const subject = await single.plan(context, problems[i] as Problem);
          try {
            outputs.push(await subject.run());
          } finally {
            await subject.dispose();
          }
        }
        return outputs;
      },
      dispose: async () => undefined,
    }),
    compare: (found, expected) => worstOfRows(rows, found, expected),
    bounds: () => Object.fromEntries(measures.map((measure) => [measure, ofLength])),
  };
}

/** The largest fraction of its bound that a measure uses in any of some rows. */
function worstOfRows(rows: readonly FftRow[], found: readonly Output[], expected: readonly Float64Array[]): Comparison {
  const errors: Record<string, number> = {};
  let note: string | undefined;
  for (const [i, single] of rows.entries()) {
    const own = single.compare(found[i] as Output, expected[i] as Float64Array);
    const limits = single.bounds({} as never);
    for (const [measure, error] of Object.entries(own.errors)) {
      const used = error === 0 ? 0 : error / (limits[measure]?.limit ?? 0);
      if (used <= (errors[measure] ?? -1)) continue;
      errors[measure] = used;
      if (!(used <= 1)) note = `${single.id}: ${own.note ?? measure}`;
    }
  }
  return { errors, note };
}

const between = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const isPrime = (n: number): boolean => n > 1 && between(2, Math.floor(Math.sqrt(n))).every((p) => n % p !== 0);
const isPrimePower = (n: number): boolean => {
  const p = between(2, n).find((factor) => n % factor === 0) ?? n;
  return n > 1 && Number.isInteger(Math.round((Math.log(n) / Math.log(p)) * 1e9) / 1e9);
};

/** The lengths that every backend must support, in named parts: all up to 2048, primes up to 5000. */
export const allLengths: readonly { readonly name: string; readonly lengths: readonly number[] }[] = [
  ...between(0, 7).map((i) => ({
    name: `n=${256 * i + 1}-${256 * (i + 1)}`,
    lengths: between(256 * i + 1, 256 * (i + 1)),
  })),
  ...[2049, 3001, 4001].map((from, i, starts) => {
    const to = (starts[i + 1] ?? 5001) - 1;
    return { name: `primes=${from}-${to}`, lengths: between(from, to).filter(isPrime) };
  }),
];
/** Every prime power, the neighbours of powers of two, and every 61st of the rest; a dct1 has at least two numbers. */
const spread = between(2, 2048).filter(
  (n) => isPrimePower(n) || [-1, 1].some((d) => Number.isInteger(Math.log2(n + d))) || n % 61 === 0,
);

/** The rows of many lengths. */
export const lengthRows = [
  ...allLengths.map(({ name, lengths }) => sweepRow('c2c', 'f32', name, lengths)),
  sweepRow('c2c', 'f64', 'spread', spread),
  sweepRow('r2c', 'f32', 'spread', spread),
  sweepRow('r2c', 'f64', 'spread', spread),
  ...sweptKinds.slice(2).map((kind) =>
    sweepRow(
      kind,
      'f32',
      'spread',
      spread.filter((n) => n < 400 || n % 3 === 0),
    ),
  ),
  // Lines of several workgroups on a card, of which the last piece has one stage; kinds.ts has those of a software GPU.
  ...(['dct1', 'dct3', 'dct4', 'dst3'] as const).map((kind) => sweepRow(kind, 'f32', 'n=11231', [11231])),
];

/** A row of one long transform. */
export function largeRow(kind: SweptKind, precision: FftPrecision, shape: readonly number[]): FftRow {
  const single = makeRow(optionsOf(kind, precision, shape), 'many points', {
    id: `large:${kind}:${precision}:n=${shape.join('x')}`,
    oracleMethod: 'fast',
  });
  // The guards and the truth take longer than the transforms.
  return { ...single, cost: 3 * single.cost };
}

/**
 * The rows of many points. Those of 2^17 points and the planes run everywhere, including the software devices of the
 * tests; those of a million points are too expensive for these devices (`sampled`), and test/soak/fft.mjs has larger
 * ones.
 */
export const largeRows = [
  largeRow('c2c', 'f32', [2 ** 17]),
  largeRow('c2c', 'f32', [65537]),
  largeRow('c2c', 'f32', [509, 211]),
  largeRow('c2c', 'f32', [64, 64, 48]),
  largeRow('r2c', 'f32', [2 ** 17]),
  largeRow('r2c', 'f32', [300, 301]),
  largeRow('dct2', 'f32', [256, 243]),
  largeRow('c2c', 'f32', [512, 512]),
  largeRow('c2c', 'f32', [2 ** 20]),
  largeRow('c2c', 'f32', [1000003]),
  largeRow('c2c', 'f64', [45360]),
  largeRow('r2c', 'f64', [100, 100, 100]),
  largeRow('r2c', 'f64', [36, 40, 25]),
  // Convolutions that stay in their memory, from 2^15 points on.
  largeRow('r2c', 'f64', [32771]),
  largeRow('dct1', 'f32', [32772]),
  largeRow('dct2', 'f32', [40009]),
  largeRow('dst4', 'f64', [32771]),
  // The least sizes for which the native core keeps planes in memory of the thread: complex numbers in more than one
  // block of columns, and the way back to real numbers.
  largeRow('c2c', 'f32', [32, 256, 256]),
  largeRow('r2c', 'f32', [32, 256, 256]),
];
