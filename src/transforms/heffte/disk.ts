/**
 * Transforms arrays that are larger than memory: the stages of slabs, with a file instead of an exchange between ranks.
 *
 * Each direction takes two passes: planes of the slowest axis, as many at a time as fit into memory, are transformed
 * over all other axes; then columns of that axis. Each element is read and written once per pass.
 */

import { EwaldError } from '../../base/errors.js';
import { refusal } from '../../base/parameters.js';
import { product } from '../../base/product.js';
import type { FftOptions, FftPrecision, FftScale, R2rKind } from '../fft/options.js';
import type { Numbers } from './copy.js';
import type { FftContextLike } from './options.js';
import { numbersOf } from './workspace.js';

/** An array on disk, accessed as numbers. */
export interface Store {
  read(into: Numbers, at: number): Promise<void>;
  write(from: Numbers, at: number): Promise<void>;
}

export interface DiskWish {
  readonly context: FftContextLike;
  /** Logical (real) lengths, slowest first; at least two. */
  readonly shape: readonly number[];
  readonly kind: 'c2c' | 'r2c' | 'r2r';
  readonly r2r?: R2rKind;
  readonly precision: FftPrecision;
  readonly direction: 'forward' | 'backward';
  readonly scale: FftScale;
  readonly engine?: FftOptions['engine'];
  /** Maximum number of bytes for arrays at any time. */
  readonly memory: number;
  readonly source: Store;
  readonly target: Store;
  /** Stores complex numbers between the passes of backward, if the target cannot hold them. */
  readonly between?: () => Promise<Store>;
  /** Receives the completed fraction after every part. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** The amount of data moved by a transform on disk. */
interface DiskReport {
  readonly passes: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly transformMs: number;
}

/** Maximum number of concurrent reads. */
const atOnce = 16;

/** The share of the memory given that holds parts of the array. */
const share = 0.9;

/** Transforms an array from store to store. Throws `Limit` when not even one plane or column fits. */
export async function transformOnDisk(wish: DiskWish): Promise<DiskReport> {
  const { shape, kind, precision, direction } = wish;
  // The rest of the memory given is for what the transform itself needs.
  const memory = share * wish.memory;
  const [n0 = 1, ...rest] = shape;
  const width = precision === 'f32' ? 4 : 8;
  const last = rest.at(-1) ?? 1;
  const half = [...rest.slice(0, -1), Math.floor(last / 2) + 1];
  const inUnit = kind === 'c2c' ? 2 : 1;
  const outUnit = kind === 'r2r' ? 1 : 2;
  /** Numbers of a plane on either side, elements of a row of columns. */
  const planeIn = inUnit * product(rest);
  const columns = kind === 'r2c' ? product(half) : product(rest);
  const planeOut = outUnit * columns;
  const planes = Math.min(n0, Math.floor(memory / ((planeIn + planeOut) * width)));
  const wide = Math.min(columns, Math.floor(memory / (n0 * outUnit * width)));
  if (planes < 1 || wide < 1) {
    const needed = Math.ceil(Math.max((planeIn + planeOut) * width, n0 * outUnit * width) / share);
    throw refusal(
      '',
      (said) =>
        `${said('memory')} is ${wish.memory} bytes; one plane of ${rest.join(' × ')} and one column of ${n0} need ` +
        `${needed}`,
      {},
      'Limit',
    );
  }
  const run: Run = {
    wish,
    n0,
    rest,
    planeIn,
    planeOut,
    columns,
    inUnit,
    outUnit,
    width,
    planes,
    wide,
    read: 0,
    written: 0,
    ms: 0,
    done: 0,
  };
  if (direction === 'forward') {
    await overPlanes(run, wish.source, wish.target);
    await overColumns(run, wish.target, wish.target);
  } else {
    const middle = kind === 'r2c' ? await (wish.between as () => Promise<Store>)() : wish.target;
    await overColumns(run, wish.source, middle);
    await overPlanes(run, middle, wish.target);
  }
  return { passes: 2, bytesRead: run.read * width, bytesWritten: run.written * width, transformMs: run.ms };
}

interface Run {
  readonly wish: DiskWish;
  readonly n0: number;
  readonly rest: readonly number[];
  readonly planeIn: number;
  readonly planeOut: number;
  readonly columns: number;
  readonly inUnit: 1 | 2;
  readonly outUnit: 1 | 2;
  readonly width: number;
  readonly planes: number;
  readonly wide: number;
  read: number;
  written: number;
  ms: number;
  done: number;
}

function step(run: Run, part: number): void {
  const { onProgress, signal } = run.wish;
  if (signal?.aborted) throw new EwaldError('Aborted', 'the transform was aborted by its signal');
  run.done += part / 2;
  onProgress?.(run.done);
}

async function overPlanes(run: Run, source: Store, target: Store): Promise<void> {
  const { wish, n0, rest, planeIn, planeOut, planes } = run;
  const { context, kind, precision, direction, scale } = wish;
  const ArrayType = numbersOf[precision];
  const [from, to] = direction === 'forward' ? [planeIn, planeOut] : [planeOut, planeIn];
  const plan = (count: number) =>
    context.fft({
      shape: [count, ...rest],
      axes: rest.map((_, i) => i + 1),
      precision,
      ...(kind === 'r2r' ? { kind, r2r: wish.r2r } : { kind }),
      ...(wish.engine ? { engine: wish.engine } : {}),
    });
  await inParts(n0, planes, plan, async (fft, at, count) => {
    const input = new ArrayType(count * from);
    await source.read(input, at * from);
    const output = new ArrayType(count * to);
    const began = performance.now();
    await fft[direction](input, output, { scale });
    run.ms += performance.now() - began;
    await target.write(output, at * to);
    run.read += input.length;
    run.written += output.length;
    step(run, count / n0);
  });
}

async function overColumns(run: Run, source: Store, target: Store): Promise<void> {
  const { wish, n0, columns, wide, outUnit } = run;
  const { context, kind, precision, direction, scale } = wish;
  const ArrayType = numbersOf[precision];
  const plan = (count: number) =>
    context.fft({
      shape: [n0, count],
      axes: [0],
      precision,
      inPlace: true,
      ...(kind === 'r2r' ? { kind, r2r: wish.r2r } : {}),
      ...(wish.engine ? { engine: wish.engine } : {}),
    });
  await inParts(columns, wide, plan, async (fft, at, count) => {
    const data = new ArrayType(n0 * count * outUnit);
    const rows = (move: (row: Numbers, place: number) => Promise<void>) =>
      severally(n0, (i) =>
        move(data.subarray(i * count * outUnit, (i + 1) * count * outUnit), (i * columns + at) * outUnit),
      );
    await rows((row, place) => source.read(row, place));
    const began = performance.now();
    await fft[direction](data, undefined, { scale });
    run.ms += performance.now() - began;
    await rows((row, place) => target.write(row, place));
    run.read += data.length;
    run.written += data.length;
    step(run, count / columns);
  });
}

type Plan = Awaited<ReturnType<FftContextLike['fft']>>;

/** Processes `total` in parts of `most`, with one plan for whole parts and another for the remainder. */
async function inParts(
  total: number,
  most: number,
  plan: (count: number) => Promise<Plan>,
  work: (fft: Plan, at: number, count: number) => Promise<void>,
): Promise<void> {
  let fft: Plan | undefined;
  let planned = 0;
  try {
    for (let at = 0; at < total; at += most) {
      const count = Math.min(most, total - at);
      if (count !== planned) {
        await fft?.dispose();
        fft = await plan(count);
        planned = count;
      }
      await work(fft as Plan, at, count);
    }
  } finally {
    await fft?.dispose();
  }
}

/** Calls with 0 … n − 1, several at the same time. */
async function severally(n: number, call: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < n) await call(next++);
  };
  await Promise.all(Array.from({ length: Math.min(n, atOnce) }, lane));
}
