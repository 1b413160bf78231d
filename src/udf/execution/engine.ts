/**
 * Executes a run, wherever its frames come from and wherever they are processed: partitions, stored ones or those of
 * frames that have arrived, go to a place, whose results are merged in the same order.
 */

import { EwaldError } from '../../base/errors.js';
import { checkSignal } from '../../base/options.js';
import type { Executor } from '../../executors/executor.js';
import type { Acquisition } from '../acquisition/acquisition.js';
import { livePartition } from '../acquisition/live-partition.js';
import { type FrameRecorder, recordStored } from '../scans/record.js';
import { residentResults } from '../scans/resident-runs.js';
import { loadCodes } from '../wasm/code.js';
import type { Job, Partition } from './partitions.js';
import { type Engine, resultsOf } from './places.js';
import type { Run } from './run.js';

/** Executes a run; yields after each merged partition. */
export async function* steps(run: Run, engine: Engine, signal: AbortSignal | undefined): AsyncGenerator<void, void> {
  checkSignal(signal);
  const { live } = run.scan;
  const { executor, recorder } = engine;
  const udfs = run.parts.map(({ udf }) => udf);
  const codes = await loadCodes(udfs, engine.readFile);
  if (live) refuseElsewhere(run, executor);
  if (run.shape.selection.count === 0) return;
  const record = (partition: Partition) => recorder && recordStored(run, partition, recorder, signal);
  const found = await residentResults(run, engine.context);
  if (found) {
    await record(run.mergeAllPositions(found));
    yield;
    return;
  }
  live?.claim(run.latest);
  const stored = run.partitions.map((partition) => ({ partition, merged: () => record(partition) }));
  // Only the first rank of MPI draws jobs, and each has their results.
  const underWay: Job[] = [...stored];
  let failure: { readonly error: unknown } | undefined;
  async function* arrived(acquisition: Acquisition): AsyncGenerator<Job> {
    try {
      for await (const job of arriving(run, acquisition, recorder)) {
        underWay.push(job);
        yield job;
      }
    } catch (error) {
      // The frames that did arrive are processed first.
      failure = { error };
    }
  }
  const stop = (): void => live?.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    checkSignal(signal);
    for await (const results of resultsOf(live ? arrived(live) : stored, { run, codes, engine, signal })) {
      const { partition, merged } = underWay.shift() as Job;
      run.merge(partition, results, { delayed: executor?.kind === 'delayed' });
      await merged?.();
      yield;
    }
    if (failure) throw failure.error;
    // Stopping is how a live scan is aborted.
    if (live) checkSignal(signal);
    run.finish();
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

/** Throws `Unsupported` for executors whose workers are no part of this process, or work later. */
function refuseElsewhere({ scan }: Run, executor: Executor | undefined): void {
  if (executor?.kind === 'delayed' || executor?.kind === 'mpi')
    throw new EwaldError(
      'Unsupported',
      `the frames of ${scan.name} arrive at one process, so a live scan cannot run on ${executor.kind}; use inline ` +
        'or workers',
    );
}

/** The frames of a live scan as they arrive, without those at positions that are not selected. */
async function* arriving(
  run: Run,
  acquisition: Acquisition,
  recorder: FrameRecorder | undefined,
): AsyncGenerator<Job, void> {
  for (let index = 0; ; ) {
    const arrived = await acquisition.take();
    if (!arrived) return;
    const { frames, indices } = arrived;
    const positions = indices.map((frame) => frame - run.scan.sync.syncOffset);
    await recorder?.write(positions, frames);
    const found = livePartition(run, arrived, index);
    const merged = (): void => acquisition.give(arrived);
    if (found) yield { ...found, merged };
    else merged();
    if (found) index++;
  }
}
