/** The case table of transforms: every kind, lengths of every sort, axes, batches, strides, order, scale, both directions and precisions. */
import type { Context } from '../../context.js';
import type { FftArray, FftKind, FftOptions, FftScale, R2rKind } from '../../fft/fft.js';
import { Random } from '../../simulate/random.js';
import type { Comparison, Row } from '../case.js';
import { relativeL2, worstElement } from '../compare.js';
import { type AxisTransform, inverseKind, logicalLength, transform } from '../oracle/fft.js';
import * as bounds from '../tolerances.js';

interface Problem {
  readonly options: FftOptions;
  readonly shape: readonly number[];
  readonly kinds: readonly (AxisTransform | undefined)[];
  readonly direction: 'forward' | 'backward';
  readonly scale: FftScale;
  /** Numbers between −½ and ½ for every element of the input side, C order, batch first; complex interleaved. */
  readonly input: Float64Array;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly inputComplex: boolean;
  readonly outputComplex: boolean;
}

const product = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1);
const halved = (shape: readonly number[], axis: number): number[] => shape.map((n, i) => (i === axis ? Math.floor(n / 2) + 1 : n));

/** The problem of a plan in one direction: forward input is random; a backward input of c2r has the symmetry a real signal gives it. */
function problem(options: FftOptions, direction: 'forward' | 'backward', scale: FftScale, seed: number): Problem {
  const shape = typeof options.shape === 'number' ? [options.shape] : options.shape;
  const kind: FftKind = options.kind ?? 'c2c';
  const axes = options.axes ?? shape.map((_, i) => i);
  const reduced = options.reducedAxis ?? axes.at(-1) ?? 0;
  const r2r = (i: number): R2rKind => (Array.isArray(options.r2r) ? options.r2r[options.r2r.length === 1 ? 0 : i] : (options.r2r ?? 'dct2')) as R2rKind;
  const forwardKinds = shape.map((_, axis): AxisTransform | undefined =>
    axes.includes(axis) ? (kind === 'r2r' ? r2r(axes.indexOf(axis)) : 'forward') : undefined,
  );
  const half = kind === 'r2c' || kind === 'c2r';
  const toComplex = kind === 'c2r' ? direction === 'backward' : direction === 'forward';
  const [real, complex] = [
    { shape: [...shape], complex: false },
    { shape: half ? halved(shape, reduced) : [...shape], complex: true },
  ];
  const [from, to] = kind === 'c2c' ? [complex, complex] : kind === 'r2r' ? [real, real] : toComplex ? [real, complex] : [complex, real];
  const random = new Random(seed, 0);
  const batch = options.batch ?? 1;
  const length = product(from.shape) * batch * (from.complex ? 2 : 1);
  let input: Float64Array = Float64Array.from({ length }, () => Math.fround(random.uniform() - 0.5));
  const backwards = (kind === 'c2r' ? !toComplex : !toComplex && kind !== 'r2r') || (kind === 'c2c' && direction === 'backward');
  const kinds = forwardKinds.map((k) => k && (kind === 'r2r' ? (direction === 'backward' ? inverseKind[k] : k) : backwards ? 'backward' : 'forward'));
  if (half && !toComplex) input = symmetricInput(shape, axes, reduced, batch, random);
  return {
    options,
    shape,
    kinds,
    direction,
    scale,
    input,
    inputShape: from.shape,
    outputShape: to.shape,
    inputComplex: from.complex,
    outputComplex: to.complex,
  };
}

/** The reduced spectrum of a random real signal: what c2r is defined for. */
function symmetricInput(shape: readonly number[], axes: readonly number[], reduced: number, batch: number, random: Random): Float64Array {
  const elements = product(shape);
  const spectra: number[] = [];
  for (let b = 0; b < batch; b++) {
    const signal = new Float64Array(2 * elements);
    for (let i = 0; i < elements; i++) signal[2 * i] = Math.fround(random.uniform() - 0.5);
    const spectrum = transform(
      signal,
      shape,
      shape.map((_, axis) => (axes.includes(axis) ? 'forward' : undefined)),
    );
    for (const value of takeReduced(spectrum, shape, reduced)) spectra.push(Math.fround(value));
  }
  return Float64Array.from(spectra);
}

/** The first n/2 + 1 elements along an axis of a complex array. */
function takeReduced(full: Float64Array, shape: readonly number[], axis: number): Float64Array {
  const to = halved(shape, axis);
  const inner = product(shape.slice(axis + 1));
  const [n, m] = [shape[axis] as number, to[axis] as number];
  const out = new Float64Array(2 * product(to));
  for (let o = 0; o < product(shape.slice(0, axis)); o++) {
    out.set(full.subarray(2 * o * n * inner, 2 * (o * n + m) * inner), 2 * o * m * inner);
  }
  return out;
}

/** The whole spectrum of a real signal from its reduced one: X[−k] = conj X[k]. */
function fillReduced(part: Float64Array, shape: readonly number[], axes: readonly number[], axis: number): Float64Array {
  const half = halved(shape, axis);
  const out = new Float64Array(2 * product(shape));
  const index = new Array<number>(shape.length).fill(0);
  for (let place = 0; place < product(shape); place++) {
    const mirrored = (index[axis] as number) >= (half[axis] as number);
    const source = index.map((k, a) => (mirrored && axes.includes(a) ? ((shape[a] as number) - k) % (shape[a] as number) : k));
    const from = source.reduce((at, k, a) => at * (half[a] as number) + k, 0);
    out[2 * place] = part[2 * from] as number;
    out[2 * place + 1] = (mirrored ? -1 : 1) * (part[2 * from + 1] as number);
    for (let a = shape.length - 1; a >= 0; a--) {
      index[a] = (index[a] as number) + 1;
      if ((index[a] as number) < (shape[a] as number)) break;
      index[a] = 0;
    }
  }
  return out;
}

function oracle(p: Problem): Float64Array {
  const { options, shape, kinds, input, inputComplex, outputComplex } = p;
  const batch = options.batch ?? 1;
  const axes = options.axes ?? shape.map((_, i) => i);
  const reduced = options.reducedAxis ?? axes.at(-1) ?? 0;
  const half = options.kind === 'r2c' || options.kind === 'c2r';
  const logical = kinds.reduce((all, kind, axis) => (kind ? all * logicalLength(kind, shape[axis] as number) : all), 1);
  const factor = p.scale === 'full' ? 1 / logical : p.scale === 'symmetric' ? 1 / Math.sqrt(logical) : 1;
  const each = input.length / batch;
  const results: Float64Array[] = [];
  for (let b = 0; b < batch; b++) {
    const part = input.subarray(b * each, (b + 1) * each);
    let complex: Float64Array;
    if (!inputComplex) {
      complex = new Float64Array(2 * part.length);
      part.forEach((x, i) => {
        complex[2 * i] = x;
      });
    } else complex = half ? fillReduced(part, shape, axes, reduced) : Float64Array.from(part);
    let out = transform(complex, shape, kinds);
    if (!outputComplex) out = Float64Array.from({ length: out.length / 2 }, (_, i) => out[2 * i] as number);
    else if (half) out = takeReduced(out, shape, reduced);
    results.push(out.map((x) => x * factor));
  }
  const whole = new Float64Array(results.length * (results[0]?.length ?? 0));
  results.forEach((r, b) => {
    whole.set(r, b * r.length);
  });
  return whole;
}

/** Places of the elements of a side in its array: C order, or what order and strides say. */
function places(p: Problem, side: 'input' | 'output'): number[] {
  const { options } = p;
  // The plan's input side is what forward reads.
  const planSide = (side === 'input') === (p.direction === 'forward') ? 'input' : 'output';
  const shape = side === 'input' ? p.inputShape : p.outputShape;
  const complex = side === 'input' ? p.inputComplex : p.outputComplex;
  const batch = options.batch ?? 1;
  const strides = planSide === 'input' ? options.inputStrides : options.outputStrides;
  const padded = options.inPlace && (options.kind === 'r2c' || options.kind === 'c2r') && !complex;
  const lengths = shape.map((n, a) => (padded && a === shape.length - 1 ? 2 * (Math.floor(n / 2) + 1) : n));
  const order = options.order ?? shape.map((_, a) => a);
  const steps = new Array<number>(shape.length).fill(0);
  let step = 1;
  for (const a of [...order].reverse()) {
    steps[a] = step;
    step *= lengths[a] as number;
  }
  const used = strides ?? steps;
  const extent = strides ? 1 + shape.reduce((sum, n, a) => sum + (n - 1) * (strides[a] as number), 0) : product(lengths);
  const distance = (planSide === 'input' ? options.inputDistance : options.outputDistance) ?? extent;
  const out: number[] = [];
  const index = new Array<number>(shape.length).fill(0);
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < product(shape); k++) {
      out.push(b * distance + index.reduce((sum, i, a) => sum + i * (used[a] as number), 0));
      for (let a = shape.length - 1; a >= 0; a--) {
        index[a] = (index[a] as number) + 1;
        if ((index[a] as number) < (shape[a] as number)) break;
        index[a] = 0;
      }
    }
  }
  return out;
}

const guard = -1.5e30;

async function plan(context: Context, p: Problem) {
  const fft = await context.fft(p.options);
  const ArrayType = fft.precision === 'f64' ? Float64Array : Float32Array;
  const [inputPlaces, outputPlaces] = [places(p, 'input'), places(p, 'output')];
  const [inputWidth, outputWidth] = [p.inputComplex ? 2 : 1, p.outputComplex ? 2 : 1];
  const forward = p.direction === 'forward';
  const [inputLength, outputLength] = forward ? [fft.inputLength, fft.outputLength] : [fft.outputLength, fft.inputLength];
  const spread = (length: number): FftArray => {
    const array = new ArrayType(length);
    inputPlaces.forEach((place, i) => {
      for (let part = 0; part < inputWidth; part++) array[place * inputWidth + part] = p.input[i * inputWidth + part] as number;
    });
    return array;
  };
  return {
    backend: fft.backend,
    async run(): Promise<Output> {
      const input = spread(inputLength);
      const before = p.options.inPlace ? undefined : input.slice();
      // Sixteen guard words on each side of the output, and between strided elements.
      const memory = new ArrayType(outputLength + 32).fill(guard);
      const output = p.options.inPlace ? input : memory.subarray(16, 16 + outputLength);
      const workspace = p.options.userWorkspace ? new ArrayType(2 * fft.sizeWorkspace) : undefined;
      const options = { scale: p.scale, ...(workspace ? { workspace } : {}) };
      await (forward
        ? fft.forward(input, p.options.inPlace ? undefined : output, options)
        : fft.backward(input, p.options.inPlace ? undefined : output, options));
      const values = new Float64Array(outputPlaces.length * outputWidth);
      const touched = new Set<number>();
      outputPlaces.forEach((place, i) => {
        for (let part = 0; part < outputWidth; part++) {
          values[i * outputWidth + part] = output[place * outputWidth + part] as number;
          touched.add(16 + place * outputWidth + part);
        }
      });
      let strays = 0;
      if (!p.options.inPlace) {
        const untouched = ArrayType.of(guard)[0];
        memory.forEach((x, i) => {
          if (!touched.has(i) && x !== untouched) strays++;
        });
        before?.forEach((x, i) => {
          if (x !== input[i]) strays++;
        });
      }
      return { values, strays };
    },
    dispose: () => fft.dispose(),
  };
}

interface Output {
  readonly values: Float64Array;
  /** Words written that no element of the output lies at, and input words that changed. */
  readonly strays: number;
}

interface Extra {
  readonly direction?: 'forward' | 'backward';
  readonly scale?: FftScale;
  readonly bench?: boolean;
}

/** Address of a plan: kind, precision, lengths, and whatever differs from the defaults. */
function row(options: FftOptions, about: string, { direction = 'forward', scale = 'none', bench = false }: Extra = {}): Row<Problem, Output, Float64Array> {
  const shape = typeof options.shape === 'number' ? [options.shape] : options.shape;
  const { shape: _, kind = 'c2c', precision = 'f32', ...rest } = options;
  const more = Object.entries(rest).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join('-') : value}`);
  const id = [
    'fft',
    kind,
    precision,
    `n=${shape.join('x')}`,
    ...more,
    ...(scale === 'none' ? [] : [`scale=${scale}`]),
    ...(direction === 'forward' ? [] : ['inverse']),
  ].join(':');
  const elements = product(shape) * (options.batch ?? 1);
  const flops = 5 * elements * Math.log2(product(shape) + 1);
  return {
    id,
    about,
    cost: 1e-5 + flops / 1e9,
    work: { amount: 1, unit: 'transforms' },
    flops,
    bytes: elements * 2 * (precision === 'f32' ? 8 : 16),
    ...(bench ? { bench } : {}),
    make: (seed) => problem(options, direction, scale, seed),
    oracle,
    plan,
    compare(found, expected): Comparison {
      const [l2, worst] = [relativeL2(found.values, expected), worstElement(found.values, expected)];
      const note = l2.note ?? worst.note;
      return { errors: { l2: l2.error, worst: worst.error, strays: found.strays }, ...(note === undefined ? {} : { note }) };
    },
    bounds: () =>
      bounds.fft(
        precision,
        product(shape),
        shape.some((n) => !smooth(n)),
      ),
  };
}

/** Whether a length has no prime factor above 13: larger ones go through a convolution, which rounds more. */
function smooth(n: number): boolean {
  let rest = n;
  for (const p of [2, 3, 5, 7, 11, 13]) while (rest % p === 0) rest /= p;
  return rest === 1;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const r2rKinds: readonly R2rKind[] = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];
// Around every radix, vector and workgroup: powers and their neighbours, products of all radices, primes small and large.
const lengths = [
  ...range(1, 36),
  37,
  41,
  47,
  48,
  49,
  53,
  60,
  63,
  64,
  65,
  81,
  96,
  97,
  100,
  101,
  105,
  121,
  125,
  127,
  128,
  129,
  169,
  180,
  210,
  243,
  255,
  256,
  257,
  289,
  343,
  360,
  385,
  509,
  512,
  529,
  625,
  720,
  729,
  1000,
  1001,
  1009,
  1013,
  1023,
  1024,
  1025,
  1155,
  1536,
  2039,
  2048,
];
const prime3: readonly number[] = [13, 17, 19];

/** The rows. */
export const fftRows: readonly Row<Problem, Output, Float64Array>[] = [
  ...lengths.map((n) => row({ shape: [n] }, 'lengths of every sort')),
  ...[1, 2, 3, 5, 8, 12, 16, 31, 64, 100, 243, 256, 1009, 1024].map((n) =>
    row({ shape: [n] }, 'the other way round', { direction: 'backward', scale: 'full' }),
  ),
  ...[1, 2, 3, 4, 7, 16, 30, 61, 128, 210, 1009, 1024].map((n) => row({ shape: [n], precision: 'f64' }, 'double precision')),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 30, 64, 97, 100, 101, 256, 360, 1009, 1024, 2048].flatMap((n) => [
    row({ shape: [n], kind: 'r2c' }, 'real input, even and odd lengths'),
    row({ shape: [n], kind: 'r2c' }, 'and back to real', { direction: 'backward', scale: 'full' }),
  ]),
  row({ shape: [12, 10], kind: 'c2r' }, 'complex to real as forward'),
  row({ shape: [12, 9], kind: 'c2r' }, 'and back', { direction: 'backward', scale: 'symmetric' }),
  ...([0, 1, 2] as const).flatMap((reducedAxis) => [
    row({ shape: [8, 6, 10], kind: 'r2c', reducedAxis }, 'any axis may be the reduced one'),
    row({ shape: [7, 5, 9], kind: 'r2c', reducedAxis }, 'odd lengths, back', { direction: 'backward', scale: 'full' }),
  ]),
  row({ shape: [16, 12], kind: 'real' }, 'real input, the whole spectrum'),
  row({ shape: [16, 12], kind: 'real' }, 'and back', { direction: 'backward', scale: 'full' }),
  ...r2rKinds.flatMap((r2r) => [2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 100, 128].map((n) => row({ shape: [n], kind: 'r2r', r2r }, 'sines and cosines'))),
  ...r2rKinds.map((r2r) => row({ shape: [24], kind: 'r2r', r2r }, 'and their inverses', { direction: 'backward', scale: 'full' })),
  row({ shape: [1], kind: 'r2r', r2r: 'dst1' }, 'the shortest sine'),
  row({ shape: [6, 10, 8], kind: 'r2r', r2r: ['dct2', 'dst1', 'dct4'] }, 'a kind for each axis'),
  row({ shape: [6, 10], kind: 'r2r', r2r: 'dct2', precision: 'f64' }, 'sines and cosines in double precision'),
  ...[
    [1, 1],
    [2, 3],
    [8, 8],
    [16, 20],
    [17, 13],
    [32, 31],
    [64, 64],
  ].map((shape) => row({ shape }, 'two dimensions')),
  ...[[1, 1, 1], [2, 1, 3], [4, 4, 4], [5, 6, 7], [8, 16, 32], prime3, [32, 32, 32]].map((shape) => row({ shape }, 'three dimensions')),
  row({ shape: [16, 16, 16] }, 'three dimensions, back', { direction: 'backward', scale: 'full' }),
  row({ shape: [9, 10, 11], precision: 'f64' }, 'three dimensions in double precision'),
  row({ shape: [3, 4, 5, 6] }, 'four dimensions'),
  row({ shape: [2, 3, 2, 3, 2, 3, 2, 3] }, 'eight dimensions'),
  ...[[0], [1], [2], [0, 1], [0, 2], [1, 2]].map((axes) => row({ shape: [6, 8, 10], axes }, 'some of the axes')),
  ...[1, 2, 3, 7, 16, 33].map((batch) => row({ shape: [24], batch }, 'batches')),
  row({ shape: [8, 12], batch: 5, kind: 'r2c' }, 'a batch of real planes'),
  ...[
    [0, 2, 1],
    [1, 0, 2],
    [2, 1, 0],
  ].map((order) => row({ shape: [4, 6, 10], order }, 'permuted storage')),
  row({ shape: [8, 10], order: [1, 0], kind: 'r2c' }, 'permuted storage of both sides'),
  row({ shape: [6, 10], inputStrides: [20, 2], outputStrides: [1, 7] }, 'strides with gaps'),
  row(
    { shape: [16], batch: 3, inputStrides: [3], inputDistance: 1, outputStrides: [1], outputDistance: 20 } as FftOptions,
    'interleaved transforms to separate ones with gaps',
  ),
  row({ shape: [12, 16], inPlace: true }, 'in place'),
  row({ shape: [1009], inPlace: true }, 'in place at a large prime'),
  row({ shape: [9, 14], inPlace: true, kind: 'r2c' }, 'in place with a padded real side'),
  row({ shape: [9, 15], inPlace: true, kind: 'r2c' }, 'in place with a padded real side, odd, back', { direction: 'backward', scale: 'full' }),
  row({ shape: [20, 30], userWorkspace: true }, 'a workspace of the user'),
  ...(['symmetric', 'full'] as const).map((scale) => row({ shape: [10, 12] }, 'scales forward', { scale })),
  row({ shape: [30, 40, 20], threads: 3 }, 'threads'),
];
