/**
 * Parts of axes where kernels know only whole ones: the data is padded, transformed whole, and the result cut, on the
 * host. Nothing is saved.
 */
import type { FftDescriptor, FftKernel } from '../contract.js';

type Numbers = Float32Array | Float64Array;

/** One side as it is given and as the kernel sees it. */
interface Side {
  /** Places of the elements in the array of the caller, and in the whole one in C order. */
  readonly given: Uint32Array;
  readonly whole: Uint32Array;
  readonly width: number;
  /** Numbers of the whole array. */
  readonly length: number;
}

/** The same transform without parts and strides. */
export function wholeOf(descriptor: FftDescriptor): FftDescriptor {
  const { fields, shape, batch, rank } = descriptor;
  const none = new Array<number>(8).fill(0);
  const elements = (complex: boolean): number => product(lengthsOf(descriptor, complex)) * batch;
  return {
    ...descriptor,
    rank,
    shape,
    pruned: false,
    strided: false,
    inputElements: elements(descriptor.inputComplex),
    outputElements: elements(descriptor.outputComplex),
    fields: {
      ...fields,
      inDistance: 0,
      outDistance: 0,
      inStride: none,
      outStride: none,
      inStart: none,
      inCount: none,
      outStart: none,
      outCount: none,
    },
  };
}

/** A kernel for a descriptor with parts of axes over one, from `plan`, that is whole. It takes typed arrays only. */
export async function padAndCut(
  descriptor: FftDescriptor,
  plan: (whole: FftDescriptor) => Promise<FftKernel>,
): Promise<FftKernel> {
  const ArrayType = descriptor.precision === 'f32' ? Float32Array : Float64Array;
  const [input, output] = [
    sideOf(descriptor, 'in', descriptor.inputComplex),
    sideOf(descriptor, 'out', descriptor.outputComplex),
  ];
  const kernel = await plan(wholeOf(descriptor));
  const [before, after] = [new ArrayType(input.length), new ArrayType(output.length)];
  return {
    bytes: kernel.bytes,
    workspaceElements: kernel.workspaceElements,
    prunes: true,
    async execute(direction, from, to, scale, workspace) {
      const [source, target, padded, result] =
        direction === 'forward' ? [input, output, before, after] : [output, input, after, before];
      padded.fill(0);
      copy(from, source.given, padded, source.whole, source.width);
      await kernel.execute(direction, padded, result, scale, workspace);
      copy(result, target.whole, to, target.given, target.width);
    },
    dispose: () => kernel.dispose(),
  };
}

const product = (counts: readonly number[]): number => counts.reduce((all, n) => all * n, 1);

/** Lengths of a whole side; kernels know r2c, whose complex side is the reduced one. */
function lengthsOf({ shape, kind, reduced }: FftDescriptor, complex: boolean): number[] {
  return shape.map((n, axis) => (kind === 'r2c' && complex && axis === reduced ? Math.floor(n / 2) + 1 : n));
}

function sideOf(descriptor: FftDescriptor, name: 'in' | 'out', complex: boolean): Side {
  const { fields, batch } = descriptor;
  const of = (field: string): readonly number[] => fields[`${name}${field}`] as readonly number[];
  const lengths = lengthsOf(descriptor, complex);
  const counts = lengths.map((n, axis) => of('Count')[axis] || n);
  const strided = of('Stride').some((stride) => stride !== 0);
  const contiguous = counts.map((_, axis) => product(counts.slice(axis + 1)));
  const strides = strided ? of('Stride') : contiguous;
  const distance = strided ? Number(fields[`${name}Distance`]) : product(counts);
  let given = Array.from({ length: batch }, (_, b) => b * distance);
  let whole = Array.from({ length: batch }, (_, b) => b);
  lengths.forEach((n, axis) => {
    const [start, count] = [of('Start')[axis] ?? 0, counts[axis] as number];
    const indices = Array.from({ length: count }, (_, i) => i);
    given = given.flatMap((place) => indices.map((i) => place + i * (strides[axis] as number)));
    whole = whole.flatMap((place) => indices.map((i) => place * n + ((start + i) % n)));
  });
  const width = complex ? 2 : 1;
  return {
    given: Uint32Array.from(given),
    whole: Uint32Array.from(whole),
    width,
    length: product(lengths) * batch * width,
  };
}

function copy(from: Numbers, fromPlaces: Uint32Array, to: Numbers, toPlaces: Uint32Array, width: number): void {
  for (let i = 0; i < fromPlaces.length; i++) {
    const [source, target] = [(fromPlaces[i] as number) * width, (toPlaces[i] as number) * width];
    to[target] = from[source] as number;
    if (width === 2) to[target + 1] = from[source + 1] as number;
  }
}
