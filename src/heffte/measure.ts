/** Measures the times of a distributed transform and of its messages on the available ranks. */

import { checkedValue, row } from '../options/call-options.js';
import { count, listOf } from '../options/shapes.js';
import type { Communicator } from '../parallel/communicator/communicator.js';
import { expects, expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import type { MakeFft3d } from './bind.js';
import { box3d } from './box.js';
import { makeSlabs } from './geometry.js';
import type { Fft3dOptions } from './options.js';

/** What to measure. */
export interface BenchWish {
  readonly size: readonly [number, number, number];
  readonly backend?: string | undefined;
  readonly precision?: 'f32' | 'f64' | undefined;
  readonly runs?: number | undefined;
  readonly options?: Pick<Fft3dOptions, 'algorithm' | 'decomposition' | 'threads'> | undefined;
}

/** The measurements, which are the same on every rank. */
export interface BenchTimes {
  readonly ranks: number;
  /** Seconds of each run, of the slowest rank. */
  readonly forwardS: readonly number[];
  readonly backwardS: readonly number[];
  readonly latencyS: number;
  readonly bytesPerS: number;
  /** Largest difference after a forward and a backward transform. */
  readonly error: number;
  readonly backend: string;
  readonly engine: string;
  readonly algorithm: string;
  /** Stages of this rank with the times of the last run. */
  readonly text: string;
}

/** Verifies and times a complex transform of slabs (z in, y out); every rank calls it. Throws `Mismatch`. */
export async function benchFft3d(make: MakeFft3d, comm: Communicator, wish: BenchWish): Promise<BenchTimes> {
  expects(typeof make === 'function', 'benchFft3d: the first argument', make, 'fft3d');
  expectsMembers('benchFft3d: the communicator', comm, ['rank', 'size'], 'a communicator of ewald/communicator');
  expectsMembers('benchFft3d: the wish', wish, ['size'], '{ size: [n, n, n], … }');
  const { size } = wish;
  listOf(count(1), 3)('benchFft3d: size', size);
  const precision = checkedValue('benchFft3d: precision', wish.precision, row.choice(['f32', 'f64'], 'f32'));
  const runs = checkedValue('benchFft3d: runs', wish.runs, row.integer(1, 1e6, 5));
  const world = box3d(
    [0, 0, 0],
    size.map((n) => n - 1),
  );
  const [inbox, outbox] = [makeSlabs(world, comm.size, 2)[comm.rank], makeSlabs(world, comm.size, 1)[comm.rank]];
  if (!inbox || !outbox) throw new EwaldError('Internal', 'a rank without boxes');
  const plan = await make(wish.backend ?? 'stock', inbox, outbox, comm, wish.options);
  try {
    const ArrayType = precision === 'f32' ? Float32Array : Float64Array;
    const array = (numbers: number) =>
      new ArrayType(comm.allocate(numbers * ArrayType.BYTES_PER_ELEMENT) as ArrayBuffer);
    const [input, output, back] = [array(2 * inbox.count), array(2 * outbox.count), array(2 * inbox.count)];
    for (let i = 0; i < input.length; i++) input[i] = ((i * 7919 + 31 * comm.rank) % 1009) / 1009 - 0.5;
    const forwardS: number[] = [];
    const backwardS: number[] = [];
    // The first run plans and touches memory.
    for (let run = 0; run <= runs; run++) {
      const ahead = await timed(comm, () => plan.forward(input, output));
      const behind = await timed(comm, () => plan.backward(output, back, 'full'));
      if (run > 0) {
        forwardS.push(ahead);
        backwardS.push(behind);
      }
    }
    let worst = 0;
    for (let i = 0; i < input.length; i++)
      worst = Math.max(worst, Math.abs((back[i] as number) - (input[i] as number)));
    const error = await greatest(comm, worst);
    if (!(error < (precision === 'f32' ? 1e-5 : 1e-13)))
      throw new EwaldError('Mismatch', `a round trip differs from its input by ${error}`);
    const { text, backend, engine, algorithm } = plan.describe();
    const place = { backend, engine, algorithm, text };
    return { ranks: comm.size, forwardS, backwardS, ...(await measureMessages(comm)), error, ...place };
  } finally {
    await plan.dispose();
  }
}

async function greatest(comm: Communicator, value: number): Promise<number> {
  const out = new Float64Array(1);
  await comm.allreduce(Float64Array.of(value), out, 'max');
  return out[0] as number;
}

async function timed(comm: Communicator, work: () => Promise<unknown>): Promise<number> {
  await comm.barrier();
  const began = performance.now();
  await work();
  return greatest(comm, (performance.now() - began) / 1000);
}

/** Latency and bandwidth between ranks 0 and 1, the best of several; a single rank sends nothing. */
export async function measureMessages(comm: Communicator): Promise<{ latencyS: number; bytesPerS: number }> {
  expectsMembers('measureMessages: the communicator', comm, ['rank', 'size', 'send'], 'a communicator');
  if (comm.size < 2) return { latencyS: 0, bytesPerS: Number.MAX_VALUE };
  const one = async (data: Uint8Array, rounds: number): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      if (comm.rank === 0) {
        await comm.send(data, 1);
        await comm.recv(data, 1);
      } else if (comm.rank === 1) {
        await comm.recv(data, 0);
        await comm.send(data, 0);
      }
      best = Math.min(best, (performance.now() - began) / 2000);
    }
    return best;
  };
  const long = new Uint8Array(comm.allocate(2 ** 23));
  const times = new Float64Array(2);
  await comm.barrier();
  times[0] = await one(new Uint8Array(8), 100);
  times[1] = await one(long, 8);
  await comm.bcast(times);
  comm.release(long.buffer);
  const [latencyS = 0, longS = 1] = times;
  return { latencyS, bytesPerS: long.length / Math.max(1e-9, longS - latencyS) };
}
