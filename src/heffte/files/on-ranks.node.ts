/** `mpirun -n 8 ewald fft IN.npy -o OUT.npy`: every rank reads and writes its part of shared files. */

import { open } from 'node:fs/promises';
import { machineMemory } from '../../compute/backends/system.js';
import type { R2rKind } from '../../fft/fft.js';
import { flush } from '../../frames/files/flush.js';
import { checkOutput, openOutput } from '../../frames/files/write.js';
import { npyHead } from '../../frames/npy.js';
import { type NpyParts, openNpyParts, writeNumbers } from '../../frames/npy-parts.node.js';
import type { Communicator } from '../../parallel/communicator/communicator.js';
import { progressOf } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import type { MakeFft3d, MakeFft3dR2c } from '../bind.js';
import { type Axis, type Box, box3d } from '../box.js';
import { makeSlabs } from '../geometry.js';
import type { AxisKinds } from '../options.js';
import { checkFits } from './memory.js';
import { npyWriting, type TransformedFile, type TransformFileOptions, type Wish, wishOf } from './wish.js';

/** Errors known to all ranks, which therefore end together and can clean up first. */
const agreed = new WeakSet<object>();

/** Runs work on every rank. If it fails on one, all of them end, and only the first that failed reports the error. */
async function together<T>(comm: Communicator, work: () => Promise<T>): Promise<T> {
  let failure: unknown;
  const result = await work().catch((error) => {
    failure = error;
    return undefined;
  });
  const failed = new Int32Array(1);
  await comm.allreduce(Int32Array.of(failure === undefined ? 0 : comm.size - comm.rank), failed, 'max');
  if (failed[0] === 0) return result as T;
  const rank = comm.size - (failed[0] as number);
  const error = rank === comm.rank ? failure : new EwaldError('Lost', `rank ${rank} failed`, { detail: { rank } });
  agreed.add(error as object);
  throw error;
}

/** Whether every rank of the job knows of an error, so that all of them end in order. */
export const failedTogether = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && agreed.has(error);

/** A transform of a file that several ranks do together. */
interface Job {
  readonly comm: Communicator;
  readonly input: string;
  readonly outputFile: string;
  readonly options: TransformFileOptions;
}

type Makers = { readonly fft3d: MakeFft3d; readonly fft3dR2c: MakeFft3dR2c };

/** Transforms as one rank of a job; what was done is known to all of them. */
export async function transformOnRanks(
  comm: Communicator,
  makers: Makers,
  input: string,
  outputFile: string,
  options: TransformFileOptions,
): Promise<TransformedFile> {
  const { signal, scale = 'none' } = options;
  const { rank, size: ranks } = comm;
  const report = progressOf('transformFile', options);
  const tell = (done: number, what: string): void => {
    try {
      if (rank === 0) report(done, 1, what);
    } catch {
      // The other ranks wait: all of them end where they next agree.
    }
  };
  const job = { comm, input, outputFile, options };
  const file = await openTogether(job);
  const { wish, world } = await together(comm, async () => {
    const made = wishOf(file.like, options, input);
    checkFits(input, file.header, made, { memory: machineMemory(), ranks });
    return { wish: made, world: worldOf(made, file.header.fortran, input) };
  });
  tell(0, 'planning');
  const { plan, backward, from, to } = await planOnRanks(job, makers, wish, world);
  const ArrayType = wish.plan.precision === 'f32' ? Float32Array : Float64Array;
  tell(0.1, 'reading');
  const data = await together(comm, () => readPart(file, from, wish.complexIn, ArrayType));
  await file.close();
  tell(0.4, 'transforming');
  const started = performance.now();
  const unit = wish.complexOut ? 2 : 1;
  const result = new ArrayType(unit * to.count);
  await (backward ? plan.backward(data, result, { scale }) : plan.forward(data, result, { scale }));
  const ms = performance.now() - started;
  tell(0.7, 'writing');
  if (signal?.aborted) throw new EwaldError('Aborted', 'the transform was interrupted');
  await together(comm, async () => {
    if (report.failure) throw report.failure;
  });
  await writeTogether(job, wish, result, unit * firstOf(to));
  const { backend, engine } = plan.describe();
  await plan.dispose();
  const { outShape: shape, complexOut: complex, length, kind, axes = null } = wish;
  return { shape, complex, ...(length === undefined ? {} : { length }), kind, axes, backend, engine, ranks, rank, ms };
}

/** Opens the input on every rank, once the output is known to be writable. */
async function openTogether({ comm, input, outputFile, options }: Job): Promise<NpyParts> {
  if (outputFile === '-')
    throw new EwaldError('Argument', 'ranks cannot write to standard output together; name a file');
  return together(comm, async () => {
    if (comm.rank === 0) await checkOutput(outputFile, npyWriting(input, options));
    return openNpyParts(input);
  });
}

/** The plan of the slabs of all ranks, with the two that this rank reads and writes. */
async function planOnRanks({ comm, options }: Job, { fft3d, fft3dR2c }: Makers, wish: Wish, world: World) {
  const { size, axes, reduced, order, fileOrder } = world;
  const whole = box3d(
    [0, 0, 0],
    size.map((n) => n - 1),
  );
  const backward = (wish.plan.kind === 'c2r') !== (options.inverse === true);
  /** This rank's part of an array that is divided along its slowest axis. */
  const slab = (of: Box, isInput: boolean): Box => {
    const ordered = of.ordered(isInput ? fileOrder : order);
    return makeSlabs(ordered, comm.size, slowest(ordered, axes))[comm.rank] ?? ordered;
  };
  const half = reduced === undefined ? whole : whole.r2c(reduced);
  const [inbox, outbox] = [slab(whole, !backward), slab(half, backward)];
  const tag = options.engine && options.engine !== 'ewald' ? options.engine : (options.backend ?? 'stock');
  const more = {
    ...(wish.plan.r2r ? { r2r: kindsOf(wish.plan.r2r as R2rKind, axes) } : {}),
    ...(options.tune ? { tune: options.tune } : {}),
  };
  const plan =
    reduced === undefined
      ? await fft3d(tag, inbox, outbox, comm, more)
      : await fft3dR2c(tag, inbox, outbox, reduced, comm, more);
  const [from, to] = backward ? [outbox, inbox] : [inbox, outbox];
  return { plan, backward, from, to };
}

/** The slowest axis in memory of an array with so many axes. */
const slowest = ({ order }: Pick<Box, 'order'>, axes: number): Axis => order[axes - 1] ?? 0;

/** The index of a slab's first element in the whole array. */
function firstOf(slab: Box): number {
  const { low, size, order } = slab;
  // Only the axis along which ranks divide the array begins elsewhere than at 0.
  let [first, stride] = [0, 1];
  for (const axis of order) {
    first += low[axis] * stride;
    stride *= size[axis];
  }
  return first;
}

type AxisOrder = readonly [Axis, Axis, Axis];

interface World {
  readonly size: readonly number[];
  /** Number of axes of the array; those beyond have one index, along which nothing is transformed. */
  readonly axes: number;
  readonly reduced: Axis | undefined;
  /** Axes from the fastest to the slowest in memory, of the result and of the file. */
  readonly order: AxisOrder;
  readonly fileOrder: AxisOrder;
}

/** The world of an array: its last axis is x. Throws `Argument` for transforms that ranks cannot do together. */
function worldOf({ plan, axes }: Wish, isFortran: boolean, name: string): World {
  const shape = plan.shape as readonly number[];
  const n = shape.length;
  if (n > 3) throw new EwaldError('Argument', `${name} has ${n} axes; ranks transform arrays of up to 3 together`);
  if (axes && axes.length < n)
    throw new EwaldError('Argument', 'ranks transform all axes together; omit axes, or run one process');
  const size = [...shape].reverse();
  while (size.length < 3) size.push(1);
  const halved = plan.kind === 'r2c' || plan.kind === 'c2r';
  const reduced = halved ? ((n - 1 - (plan.reducedAxis ?? n - 1)) as Axis) : undefined;
  const fileOrder: AxisOrder = isFortran && n > 1 ? (n === 2 ? [1, 0, 2] : [2, 1, 0]) : [0, 1, 2];
  return { size, axes: n, reduced, order: [0, 1, 2], fileOrder };
}

/** The kind along x, y and z of an array with so many axes. */
const kindsOf = (kind: R2rKind, axes: number): AxisKinds => [kind, axes > 1 ? kind : null, axes > 2 ? kind : null];

async function readPart(
  file: NpyParts,
  part: Box,
  isComplex: boolean,
  ArrayType: Float32ArrayConstructor | Float64ArrayConstructor,
): Promise<Float32Array | Float64Array> {
  const unit = file.header.complex ? 2 : 1;
  const Stored = file.like.data.constructor as Float32ArrayConstructor | Float64ArrayConstructor;
  const data = new Stored(unit * part.count);
  if (part.count > 0) await file.read(data, unit * firstOf(part));
  if (isComplex && unit === 1) {
    // Real numbers are the complex ones without an imaginary part.
    const pairs = new ArrayType(2 * part.count);
    for (let i = 0; i < data.length; i++) pairs[2 * i] = data[i] as number;
    return pairs;
  }
  return data instanceof ArrayType ? data : ArrayType.from(data as Float32Array);
}

/** One file of all parts, created only if every rank could write its part. */
async function writeTogether(
  { comm, input, outputFile, options }: Job,
  wish: Wish,
  result: Float32Array | Float64Array,
  at: number,
): Promise<void> {
  const head = npyHead({ shape: wish.outShape, data: result, complex: wish.complexOut });
  const output = await together(comm, async () => {
    if (comm.rank > 0) return undefined;
    const made = await openOutput(outputFile, npyWriting(input, options));
    if (made.temporary === undefined)
      throw new EwaldError(
        'Argument',
        `${outputFile} is not a regular file, which ranks require for writing their parts`,
      );
    await made.write(head);
    return made;
  });
  try {
    const name = new Uint8Array(4096);
    if (output?.temporary) name.set(new TextEncoder().encode(output.temporary));
    await comm.bcast(name);
    const path = new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
    await together(comm, async () => {
      const handle = await open(path, 'r+');
      try {
        await writeNumbers(handle, result, head.length + at * result.BYTES_PER_ELEMENT, outputFile);
        await flush(handle);
      } finally {
        await handle.close();
      }
    });
    await together(comm, async () => output?.close());
  } catch (error) {
    await output?.discard();
    throw error;
  }
}
