/**
 * Executes a run, wherever its frames come from and wherever they are processed: partitions, stored ones or those of
 * frames that have arrived, go to a place, whose results are merged in the same order.
 */

import type { Executor } from '../../parallel/executor.js';
import { EwaldError } from '../../util/errors.js';
import { checkSignal } from '../../util/options.js';
import type { Acquisition } from '../acquisition/acquisition.js';
import { arriving } from '../acquisition/live-partition.js';
import { type FrameRecorder, recordStored } from '../scans/record.js';
import { residentResults } from '../scans/resident-runs.js';
import { loadCodes } from '../wasm/code.js';
import type { Engine } from './execution.js';
import { type Job, wholeOf } from './partitions.js';
import { resultsHere } from './processor.js';
import type { Run } from './run.js';
import { resultsOnExecutor } from './tasks.js';

/** Processes and merges the partitions of a run, whose frames a recorder writes; yields after each of them. */
export async function* steps(
  run: Run,
  engine: Engine,
  signal: AbortSignal | undefined,
  recorder?: FrameRecorder,
): AsyncGenerator<void, void> {
  checkSignal(signal);
  const { live } = run.scan;
  const { executor } = engine;
  if (live) refuseElsewhere(run, executor);
  const udfs = run.parts.map(({ udf }) => udf);
  const codes = await loadCodes(udfs, engine.readFile);
  if (run.shape.selection.count === 0) return;
  const resident = await residentResults(run, engine.context);
  live?.claim(run.options.latest ?? false);
  const stored = (resident ? [wholeOf(run.partitions)] : run.partitions).map((partition) => ({
    partition,
    isLent: resident !== undefined,
    merged: () => recorder && recordStored(run.scan, partition, recorder, signal),
  }));
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
    const jobs = live ? arrived(live) : stored;
    const execution = { run, codes, engine, signal };
    const isHere = !executor || executor.kind === 'inline';
    const found = isHere ? resultsHere(jobs, execution) : resultsOnExecutor(jobs, execution, executor);
    for await (const results of resident ? [resident] : found) {
      const job = underWay.shift() as Job;
      run.merge(job, results, executor?.kind === 'delayed');
      await job.merged?.();
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
