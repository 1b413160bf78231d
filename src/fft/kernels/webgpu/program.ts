/**
 * From a transform to passes: which axis after which, from which buffer to which, and how the lines of a pass lie.
 *
 * A pass reads and writes the data once. An axis that fits a workgroup is one pass; a longer one of two or three pieces
 * is as many, with a buffer of complex numbers between them; a length with a large prime is a convolution: down its
 * pieces and up again.
 */

import { fftEnums } from '../../../compute/layout/fft.js';
import { product } from '../../../util/product.js';
import type { FftDescriptor } from '../../contract.js';
import { type Core, coreOf, splitOf } from './lengths.js';

/**
 * `input` and `output` are the two sides in the direction of the program; `middle` holds the complex numbers between
 * the axes where the output is real, `long` those between the pieces of a long axis.
 */
export type BufferRole = 'input' | 'output' | 'middle' | 'long';

/** How a line becomes complex numbers; the names are those of the parts of wgsl/fft/ends.wgsl. */
export type Source =
  | { readonly file: 'complex' | 'real' | 'packed' | 'hermitian' | 'hermitian_packed' }
  | { readonly file: 'dct2' | 'dct3' | 'dct4' | 'dct4_odd' | 'dct1' | 'dct1_packed'; readonly sine: boolean };
/** How complex numbers become a line. */
type Sink =
  | { readonly file: 'complex' | 'half' | 'real' | 'unpacked' }
  | { readonly file: 'dct2' | 'dct3' | 'dct4' | 'dct4_odd' | 'dct1'; readonly sine: boolean };

/** One of the dimensions that number the lines of a pass, and what its index adds to what. */
export interface Loop {
  readonly count: number;
  /** Elements of the buffers. */
  readonly from?: number;
  readonly to?: number;
  /** Index along the whole line, for a pass over one piece of it. */
  readonly inIndex?: number;
  readonly outIndex?: number;
  /** The two factors of the exponent between pieces. */
  readonly a?: number;
  readonly b?: number;
  /** Index in the spectrum of a convolution. */
  readonly frequency?: number;
}

/**
 * The elements of a line that a buffer contains: `count` of `whole` starting at `start`, cyclically; the others are
 * zero, or not stored.
 */
export interface Window {
  readonly start: number;
  readonly count: number;
  readonly whole: number;
}

/** One pass: every line is read, transformed in workgroup memory, and written. */
export interface Pass {
  readonly from: BufferRole;
  readonly to: BufferRole;
  readonly realFrom: boolean;
  readonly realTo: boolean;
  /** Logical length of the axis. */
  readonly axis: number;
  readonly core: Core;
  readonly source: Source;
  readonly sink: Sink;
  /** Real lines of an even length go as complex ones of half of it; the results are taken apart in pairs. */
  readonly pairs: boolean;
  readonly inStride: number;
  readonly outStride: number;
  /** Set where a side holds a part of the line. */
  readonly inWindow?: Window;
  readonly outWindow?: Window;
  /** Steps of the element of the piece in the index along the line. */
  readonly inIndex: number;
  readonly outIndex: number;
  readonly loops: readonly Loop[];
  /** Factors exp(−2πi a b / n) on the results; `step` is that of the element in a. */
  readonly twiddle?: { readonly n: number; readonly step: number };
  /** Chirp on the way in or out, by the index along the line; what lies beyond `points` is nothing. */
  readonly chirpIn?: number;
  readonly chirpOut?: number;
  /** The middle of a convolution: there, times the spectrum, and back. */
  readonly spectrum?: { readonly points: number; readonly length: number; readonly step: number };
  /** Real and imaginary part exchanged, which turns a transform into its inverse. */
  readonly swapIn: boolean;
  readonly swapOut: boolean;
  readonly last: boolean;
}

/** All passes of one direction. */
export interface Program {
  readonly passes: readonly Pass[];
  /** Complex numbers of the two buffers between. */
  readonly middle: number;
  readonly long: number;
}

interface LineLayout {
  readonly place: BufferRole;
  readonly real: boolean;
  /** Lengths and strides of the axes, followed by those of the batch. */
  readonly count: readonly number[];
  readonly stride: readonly number[];
  readonly window: readonly Window[];
}

type Line = Pick<Pass, 'axis' | 'source' | 'sink' | 'pairs'> & { readonly points: number; readonly backward: boolean };

/** The product of the logical lengths, by which scales divide. */
export function logicalPoints({ shape, axes, kind, axisKinds }: FftDescriptor): number {
  const { dct1, dst1 } = fftEnums.FftAxisKind;
  return axes.reduce((all, axis) => {
    const n = shape[axis] ?? 1;
    return (
      all *
      (kind !== 'r2r' ? n : axisKinds[axis] === dct1 ? 2 * (n - 1) : axisKinds[axis] === dst1 ? 2 * (n + 1) : 2 * n)
    );
  }, 1);
}

/** The passes of a direction for workgroups that hold `capacity` complex numbers. */
export function programOf(descriptor: FftDescriptor, backward: boolean, capacity: number): Program {
  const { kind, shape, axes, reduced } = descriptor;
  const [source, target] = sideLayouts(descriptor, backward);
  const halves = kind === 'r2c';
  // The axis that changes between real and complex goes first on the way there and last on the way back.
  const special = halves ? reduced : kind === 'real' ? (axes.find((axis) => shape[axis] !== 1) ?? axes[0] ?? 0) : -1;
  // Fastest axes first, as the target has them: the first pass then reads and writes whole runs of memory.
  let order = axes
    .filter((axis) => axis === special || kind === 'r2r' || shape[axis] !== 1)
    .sort((p, q) => (target.stride[p] ?? 0) - (target.stride[q] ?? 0));
  if (order.length === 0) order = [axes[0] ?? 0];
  if (special >= 0) {
    order = order.filter((axis) => axis !== special);
    if (backward) order.push(special);
    else order.unshift(special);
  }
  const toReal = target.real && !source.real;
  // What lies between holds the longer of both sides of each axis; the special one has changed already, or not yet.
  const most = source.count.map((n, d) =>
    d === special && halves ? (backward ? n : (target.count[d] ?? n)) : Math.max(n, target.count[d] ?? n),
  );
  const apart = toReal || most.some((n, d) => n > (target.count[d] ?? n));
  const between: LineLayout =
    apart && order.length > 1
      ? { place: 'middle', real: target.real && source.real, count: most, stride: contiguousStrides(most), window: [] }
      : target;
  const passes: Pass[] = [];
  const current = [...source.count];
  let long = 0;
  order.forEach((axis, i) => {
    const last = i === order.length - 1;
    const [from, to] = [i === 0 ? source : between, last ? target : between];
    const line = lineOf(descriptor, axis, axis === special || kind === 'r2r', backward, capacity);
    const window = (side: LineLayout): Window | undefined => {
      const one = side.window[axis];
      return one && (one.start !== 0 || one.count !== one.whole) ? one : undefined;
    };
    const [inWindow, outWindow] = [window(source), window(target)];
    const windows = { ...(inWindow ? { inWindow } : {}), ...(outWindow ? { outWindow } : {}) };
    const added = passesAlong({ axis, line, from: { ...from, count: current }, to, windows, last }, capacity);
    current[axis] = target.count[axis] ?? 1;
    passes.push(...added.passes);
    long = Math.max(long, added.long);
  });
  const middle = between === target ? 0 : product(most);
  return { passes, middle, long };
}

function contiguousStrides(count: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  // The batch is the last of the list and the slowest.
  for (let d = count.length - 2; d >= 0; d--) {
    strides[d] = stride;
    stride *= count[d] ?? 1;
  }
  strides[count.length - 1] = stride;
  return strides;
}

function sideLayouts(descriptor: FftDescriptor, backward: boolean): [LineLayout, LineLayout] {
  const { fields, rank, shape, kind, reduced, batch, inPlace, inputComplex, outputComplex } = descriptor;
  const halved = shape.map((n, axis) => (kind === 'r2c' && axis === reduced ? Math.floor(n / 2) + 1 : n));
  const of = (name: string): number[] => fields[name] as number[];
  const side = (place: BufferRole, complex: boolean, name: 'in' | 'out'): LineLayout => {
    const [strides, starts, counts] = [of(`${name}Stride`), of(`${name}Start`), of(`${name}Count`)];
    const window = (complex ? halved : shape).map((whole, axis) => ({
      start: starts[axis] ?? 0,
      count: counts[axis] || whole,
      whole,
    }));
    const count = [...window.map((axis) => axis.count), batch];
    if (strides.slice(0, rank).some((stride) => stride !== 0))
      return {
        place,
        real: !complex,
        count,
        stride: [...strides.slice(0, rank), Number(fields[`${name}Distance`])],
        window,
      };
    const padded = inPlace && kind === 'r2c' && !complex;
    return {
      place,
      real: !complex,
      window,
      count,
      stride: contiguousStrides(
        padded ? count.map((n, d) => (d === rank - 1 ? 2 * (Math.floor(n / 2) + 1) : n)) : count,
      ),
    };
  };
  const input = (place: BufferRole): LineLayout => side(place, inputComplex, 'in');
  const output = (place: BufferRole): LineLayout => side(place, outputComplex, 'out');
  return backward ? [output('input'), input('output')] : [input('input'), output('output')];
}

/** How the lines of an axis are read and written, and the length of the complex transform in between. */
function lineOf(descriptor: FftDescriptor, axis: number, special: boolean, backward: boolean, capacity: number): Line {
  const { kind, shape, axisKinds } = descriptor;
  const n = shape[axis] ?? 1;
  const fits = (points: number): boolean => coreOf(points, capacity) !== undefined;
  const plain = { axis: n, points: n, pairs: false, backward };
  if (!special) return { ...plain, source: { file: 'complex' }, sink: { file: 'complex' } };
  if (kind === 'real') {
    return backward
      ? { ...plain, source: { file: 'complex' }, sink: { file: 'real' } }
      : { ...plain, backward: false, source: { file: 'real' }, sink: { file: 'complex' } };
  }
  if (kind === 'r2c') {
    const packed = n % 2 === 0 && fits(n / 2);
    const points = packed ? n / 2 : n;
    // Sources and sinks turn the sign of the exponent themselves.
    return backward
      ? {
          axis: n,
          points,
          pairs: false,
          backward: false,
          source: { file: packed ? 'hermitian_packed' : 'hermitian' },
          sink: { file: packed ? 'unpacked' : 'real' },
        }
      : {
          axis: n,
          points,
          pairs: packed,
          backward: false,
          source: { file: packed ? 'packed' : 'real' },
          sink: { file: 'half' },
        };
  }
  const { dct1, dct2, dct3, dst1, dst2, dst3, dst4 } = fftEnums.FftAxisKind;
  const axisKind = axisKinds[axis];
  const inverse = new Map<number | undefined, number>([
    [dct2, dct3],
    [dct3, dct2],
    [dst2, dst3],
    [dst3, dst2],
  ]);
  const used = backward ? (inverse.get(axisKind) ?? axisKind) : axisKind;
  const sine = used === dst1 || used === dst2 || used === dst3 || used === dst4;
  const trig = (file: 'dct2' | 'dct3' | 'dct4' | 'dct4_odd', points: number): Line => ({
    axis: n,
    points,
    pairs: false,
    backward: false,
    source: { file, sine },
    sink: { file, sine },
  });
  if (used === dct1 || used === dst1) {
    const half = sine ? n + 1 : n - 1;
    const pairs = fits(half);
    return {
      axis: n,
      points: pairs ? half : 2 * half,
      pairs,
      backward: false,
      source: { file: pairs ? 'dct1_packed' : 'dct1', sine },
      sink: { file: 'dct1', sine },
    };
  }
  if (used === dct2 || used === dst2) return trig('dct2', n);
  if (used === dct3 || used === dst3) return trig('dct3', n);
  return n % 2 === 0 ? trig('dct4', n / 2) : trig('dct4_odd', 2 * n);
}

/** An axis of a program. */
interface AxisWork {
  readonly axis: number;
  readonly line: Line;
  readonly from: LineLayout;
  readonly to: LineLayout;
  readonly windows: Pick<Pass, 'inWindow' | 'outWindow'>;
  /** No axis follows. */
  readonly last: boolean;
}

/** The passes along one axis, and the complex numbers of `long` between them. */
function passesAlong(work: AxisWork, capacity: number): { readonly passes: Pass[]; readonly long: number } {
  const { windows, from, to } = work;
  const split = splitOf(work.line.points, capacity);
  const [first] = split.pieces;
  if (!first || split.pieces.length > 1) {
    const pieces = new LongAxis(work, split);
    return { passes: split.convolution === undefined ? pieces.transform() : pieces.convolve(), long: pieces.size };
  }
  const ends = { from: from.place, to: to.place, realFrom: from.real, realTo: to.real };
  const loops = othersOf(work);
  return { passes: [mergeLoops({ ...wholePass(work), ...windows, ...ends, core: first, loops })], long: 0 };
}

/** What all passes of an axis have in common. */
function wholePass({ axis, line, from, to, last }: AxisWork) {
  const [inStride, outStride] = [from.stride[axis] ?? 1, to.stride[axis] ?? 1];
  const { backward } = line;
  return { ...line, inStride, outStride, inIndex: 1, outIndex: 1, swapIn: backward, swapOut: backward, last };
}

/** The other axes, which number the lines. */
const othersOf = ({ axis, from, to }: AxisWork) =>
  from.count.flatMap((n, d) => {
    const count = d === axis ? 1 : n;
    return count > 1 ? [{ count, from: from.stride[d] ?? 0, to: to.stride[d] ?? 0 }] : [];
  });

/** An axis of several pieces: a pass each, between which the lines are one behind the other in `long`. */
class LongAxis {
  /** Complex numbers in `long`. */
  readonly size: number;
  readonly #work: AxisWork;
  readonly #pieces: readonly Core[];
  readonly #whole: ReturnType<typeof wholePass>;
  readonly #others: readonly { readonly count: number; readonly from: number; readonly to: number; at: number }[];
  /** Logical length of a line and, for a convolution, the length that it is extended to. */
  readonly #points: number;
  readonly #length: number;
  readonly #lengths: readonly number[];
  /** Place of digit i in an index whose digits were not exchanged, and in one whose digits were. */
  readonly #place: readonly number[];
  readonly #exchanged: readonly number[];
  readonly #end: number;

  constructor(work: AxisWork, { pieces, convolution }: ReturnType<typeof splitOf>) {
    this.#work = work;
    this.#pieces = pieces;
    this.#whole = wholePass(work);
    this.#points = work.line.points;
    this.#length = convolution ?? this.#points;
    let lines = 1;
    this.#others = othersOf(work).map((other) => {
      const at = lines * this.#length;
      lines *= other.count;
      return { ...other, at };
    });
    this.size = lines * this.#length;
    this.#lengths = pieces.map((piece) =>
      piece.length === piece.points || convolution === undefined ? piece.points : piece.length,
    );
    this.#place = this.#lengths.map((_, i) => product(this.#lengths.slice(i + 1)));
    this.#exchanged = this.#lengths.map((_, i) => product(this.#lengths.slice(0, i)));
    this.#end = pieces.length - 1;
  }

  transform(): Pass[] {
    const last = this.#pass(this.#end, { exit: true }, { outIndex: elementAt(this.#exchanged, this.#end) }, (l) => ({
      outIndex: elementAt(this.#exchanged, l),
    }));
    return [...this.#down({}), last];
  }

  /**
   * Down to the spectrum, in the order of exchanged digits; then the same pieces backwards, with the same factors, on
   * exchanged parts.
   */
  convolve(): Pass[] {
    const end = this.#end;
    const up = (i: number): Partial<Pass> =>
      i === 0
        ? {}
        : {
            twiddle: {
              n: elementAt(this.#lengths, i - 1) * elementAt(this.#place, i - 1),
              step: elementAt(this.#place, i),
            },
          };
    const digits = (i: number) => (l: number) =>
      l === i - 1 ? { b: 1 } : l > i ? { a: elementAt(this.#place, l) } : {};
    const spectrum = { points: this.#points, length: this.#length, step: elementAt(this.#exchanged, end) };
    const passes = this.#down({ chirpIn: this.#points });
    passes.push(
      this.#pass(end, {}, { spectrum, ...up(end) }, (l) => ({
        frequency: elementAt(this.#exchanged, l),
        ...digits(end)(l),
      })),
    );
    for (let i = end - 1; i > 0; i--) passes.push(this.#pass(i, {}, up(i), digits(i)));
    passes.push(this.#pass(0, { exit: true }, { chirpOut: this.#points }, digits(0)));
    return passes;
  }

  /** All pieces but the last; after piece i times exp(−2πi k_i · (the digits that are not done) / n). */
  #down(ofEntry: Partial<Pass>): Pass[] {
    return this.#pieces.slice(0, this.#end).map((_, i) => {
      const twiddle = { n: elementAt(this.#lengths, i) * elementAt(this.#place, i), step: 1 };
      return this.#pass(i, { entry: i === 0 }, { twiddle, ...(i === 0 ? ofEntry : {}) }, (l) =>
        l > i ? { b: elementAt(this.#place, l) } : {},
      );
    });
  }

  /** The pass of piece i; it reads the input at the entry and writes the output at the exit, and `long` otherwise. */
  #pass(
    i: number,
    { entry = false, exit = false }: { readonly entry?: boolean; readonly exit?: boolean },
    more: Partial<Pass>,
    digit: (l: number) => Omit<Loop, 'count'>,
  ): Pass {
    const { from, to, windows, last } = this.#work;
    const complex = { file: 'complex' } as const;
    return mergeLoops({
      ...this.#whole,
      ...(entry
        ? { from: from.place, realFrom: from.real, ...(windows.inWindow ? { inWindow: windows.inWindow } : {}) }
        : { source: complex, from: 'long', realFrom: false, inStride: 1, swapIn: false }),
      ...(exit
        ? { to: to.place, realTo: to.real, ...(windows.outWindow ? { outWindow: windows.outWindow } : {}) }
        : { sink: complex, to: 'long', realTo: false, outStride: 1, swapOut: false }),
      core: this.#pieces[i] as Core,
      inIndex: elementAt(this.#place, i),
      outIndex: elementAt(this.#place, i),
      last: last && exit,
      ...more,
      loops: [
        ...this.#others.map((other) => ({
          count: other.count,
          from: entry ? other.from : other.at,
          to: exit ? other.to : other.at,
        })),
        ...this.#lengths.flatMap((n, l) =>
          l === i || n === 1
            ? []
            : [{ count: n, inIndex: elementAt(this.#place, l), outIndex: elementAt(this.#place, l), ...digit(l) }],
        ),
      ],
    });
  }
}

const elementAt = (list: readonly number[], i: number): number => list[i] ?? 1;

/** Loops in memory order, with adjacent ones merged. */
function mergeLoops(pass: Pass): Pass {
  const near = (loop: Loop): number => Math.min(loop.from ?? 0, loop.to ?? 0) || Math.max(loop.from ?? 0, loop.to ?? 0);
  const loops = pass.loops.map((loop) => ({
    loop,
    // Digits of an index lie in memory as the index does.
    step: near({
      count: 1,
      from: (loop.from ?? 0) + (loop.inIndex ?? 0) * pass.inStride,
      to: (loop.to ?? 0) + (loop.outIndex ?? 0) * pass.outStride,
    }),
  }));
  loops.sort((p, q) => p.step - q.step);
  const merged: Loop[] = [];
  for (const { loop } of loops) {
    const before = merged.at(-1);
    const plain = (one: Loop): boolean =>
      [one.inIndex, one.outIndex, one.a, one.b, one.frequency].every((step) => !step);
    if (
      before &&
      plain(before) &&
      plain(loop) &&
      loop.from === (before.from ?? 0) * before.count &&
      loop.to === (before.to ?? 0) * before.count
    ) {
      merged[merged.length - 1] = { ...before, count: before.count * loop.count };
    } else merged.push(loop);
  }
  return { ...pass, loops: merged };
}
