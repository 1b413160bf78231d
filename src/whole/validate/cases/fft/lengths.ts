/**
 * Rows of many lengths: each length is planned, transformed forward and back, and disposed of, and must meet its own
 * bound.
 *
 * The rows have all lengths up to 2048 and all primes up to 5000 for complex numbers, and a selection of them for the
 * other kinds; test/soak/fft.mjs has all of them for all kinds. WebGPU, whose drivers take tenths of a second to compile
 * each length, is tested by the single lengths of kinds.ts, by the soak and with `--budget 60`.
 */

import { Random } from '../../../../core/random/random.js';
import type { FftOptions, FftPrecision, R2rKind } from '../../../../transforms/fft/fft.js';
import type { Context } from '../../../assembly/rooms.js';
import type { Comparison, Row } from '../../case.js';
import { relativeL2, worstElement } from '../../compare.js';
import { fastTransform, fastTrig } from '../../oracle/fft/long.js';
import * as bounds from '../../tolerances.js';
import { smooth } from './shapes.js';

/** A transform of one axis: complex, real to half, or one of the sines and cosines. */
type SweptKind = 'c2c' | 'r2c' | R2rKind;
/** All of them. */
export const sweptKinds: readonly SweptKind[] = [
  'c2c',
  'r2c',
  'dct1',
  'dct2',
  'dct3',
  'dct4',
  'dst1',
  'dst2',
  'dst3',
  'dst4',
];

/** The results of each length, forward and back. */
interface Swept {
  readonly there: readonly Float64Array[];
  readonly back: readonly Float64Array[];
}

/** A row over several lengths, which `name` identifies. */
export function sweepRow(
  kind: SweptKind,
  precision: FftPrecision,
  name: string,
  lengths: readonly number[],
): Row<readonly Float64Array[], Swept> {
  const r2r = kind === 'c2c' || kind === 'r2c' ? undefined : kind;
  const options = (n: number): FftOptions => ({
    shape: [n],
    precision,
    ...(r2r ? { kind: 'r2r', r2r } : { kind: kind as 'c2c' }),
  });
  const flops = lengths.reduce((all, n) => all + 2 * 5 * n * Math.log2(n + 1), 0);
  const limits = lengths.map((n) => bounds.fft(precision, n, !smooth(n), 'fast'));
  return {
    id: `fft:lengths:${kind}:${precision}:${name}`,
    about: `${lengths.length} lengths`,
    cost: 1e-4 * lengths.length + flops / 1e9,
    plans: lengths.length,
    work: { amount: 2 * lengths.length, unit: 'transforms' },
    flops,
    bytes: lengths.reduce((all, n) => all + 4 * n * (precision === 'f32' ? 8 : 16), 0),
    make(seed) {
      const random = new Random(seed, 0);
      return lengths.map((n) =>
        Float64Array.from({ length: kind === 'c2c' ? 2 * n : n }, () => Math.fround(random.uniform() - 0.5)),
      );
    },
    oracle: (inputs) => ({ there: inputs.map((input) => truth(kind, input)), back: inputs }),
    plan: async (context, inputs) => ({
      backend: context.backends[0]?.name ?? 'wasm',
      run: () => sweep(context, inputs, lengths.map(options)),
      dispose: async () => undefined,
    }),
    compare(found, expected): Comparison {
      const errors: Record<string, number> = { l2: 0, worst: 0, returned: 0 };
      let note = '';
      lengths.forEach((n, i) => {
        const [there = [], wanted = [], back = [], sent = []] = [
          found.there[i],
          expected.there[i],
          found.back[i],
          expected.back[i],
        ];
        const differences = {
          l2: relativeL2(there, wanted),
          worst: worstElement(there, wanted),
          returned: relativeL2(back, sent),
        };
        for (const [measure, { error, note: what }] of Object.entries(differences)) {
          const used = error / (limits[i]?.[measure]?.limit ?? 0);
          if (used <= (errors[measure] ?? 0)) continue;
          errors[measure] = used;
          if (!(used <= 1)) note = `length ${n}: ${what ?? measure}`;
        }
      });
      return { errors, ...(note === '' ? {} : { note }) };
    },
    bounds: () => ({ l2: bounds.ofLength, worst: bounds.ofLength, returned: bounds.ofLength }),
  };
}

function truth(kind: SweptKind, input: Float64Array): Float64Array {
  if (kind === 'c2c') return fastTransform(input);
  if (kind !== 'r2c') return fastTrig(input, kind);
  const complex = new Float64Array(2 * input.length);
  input.forEach((x, i) => {
    complex[2 * i] = x;
  });
  return fastTransform(complex).slice(0, 2 * (Math.floor(input.length / 2) + 1));
}

async function sweep(
  context: Context,
  inputs: readonly Float64Array[],
  options: readonly FftOptions[],
): Promise<Swept> {
  const [there, back]: [Float64Array[], Float64Array[]] = [[], []];
  for (const [i, input] of inputs.entries()) {
    const plan = await context.fft(options[i] as FftOptions);
    try {
      const numbers = plan.precision === 'f32' ? Float32Array.from(input) : Float64Array.from(input);
      const spectrum = await plan.forward(numbers);
      there.push(Float64Array.from(spectrum));
      back.push(Float64Array.from(await plan.backward(spectrum, undefined, { scale: 'full' })));
    } finally {
      await plan.dispose();
    }
  }
  return { there, back };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const isPrime = (n: number): boolean => n > 1 && range(2, Math.floor(Math.sqrt(n))).every((p) => n % p !== 0);
const isPrimePower = (n: number): boolean => {
  const p = range(2, n).find((factor) => n % factor === 0) ?? n;
  return n > 1 && Number.isInteger(Math.round((Math.log(n) / Math.log(p)) * 1e9) / 1e9);
};

/** The lengths that every backend must support, in named parts: all up to 2048, primes up to 5000. */
export const allLengths: readonly { readonly name: string; readonly lengths: readonly number[] }[] = [
  ...range(0, 7).map((i) => ({
    name: `n=${256 * i + 1}-${256 * (i + 1)}`,
    lengths: range(256 * i + 1, 256 * (i + 1)),
  })),
  ...[2049, 3001, 4001].map((from, i, starts) => {
    const to = (starts[i + 1] ?? 5001) - 1;
    return { name: `primes=${from}-${to}`, lengths: range(from, to).filter(isPrime) };
  }),
];
/** Every prime power, the neighbours of powers of two, and every 61st of the rest; a dct1 has at least two numbers. */
const spread = range(2, 2048).filter(
  (n) => isPrimePower(n) || [-1, 1].some((d) => Number.isInteger(Math.log2(n + d))) || n % 61 === 0,
);

/** The rows. */
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
