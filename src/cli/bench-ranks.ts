/**
 * `ewald bench fft --shape 256,256,256 --executor workers|mpi`: times the distributed transform and checks an estimate.
 */
import { availableParallelism } from 'node:os';
import { benchRows, type FlagValues, ranksOfJob } from '../entries/command.node.js';
import { mpiComm } from '../entries/communicator.node.js';
import { spmd } from '../entries/executors.node.js';
import { type BenchTimes, type BenchWish, benchFft3d, estimateFft3d, fft3d } from '../entries/heffte.node.js';
import { EwaldError } from '../entries/index.node.js';

import { backendOption, bold, dim, print, printJson } from './output.js';

/** The flags of `ewald bench`. */
type BenchFlags = FlagValues<typeof benchRows> & { readonly json?: boolean | undefined };

const best = (list: readonly number[]): number => list.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

/** Times the transform: on 1, 2 … ranks of workers, or on the ranks of this job. */
export async function benchOnRanks(options: BenchFlags): Promise<void> {
  const {
    size = [128, 128, 128],
    executor = 'workers',
    ranks: most = benchRows.ranks.range.fallback,
    backends: named = 'all',
  } = options;
  const backend = named === 'all' ? 'native' : (backendOption(named).backend ?? 'native');
  const wish: BenchWish = { size, backend };
  if (executor === 'mpi') {
    const comm = await mpiComm();
    const times = await benchFft3d(fft3d, comm, wish);
    if (comm.rank === 0) report(options, size, [times]);
    return;
  }
  if (ranksOfJob() > 1)
    throw new EwaldError(
      'Argument',
      '--executor workers starts its own ranks; run it without mpirun, or give --executor mpi',
    );
  const all: BenchTimes[] = [];
  for (let ranks = 1; ranks <= most; ranks *= 2) {
    const task = { module: 'heffte', function: 'bench', argument: wish };
    const [times] = await spmd<BenchTimes>(task, { ranks, context: { backend, strict: true }, threads: 1 });
    if (times) all.push(times);
  }
  report(options, size, all);
}

function report({ json }: BenchFlags, size: readonly [number, number, number], all: readonly BenchTimes[]): void {
  const [one] = all;
  const cores = availableParallelism();
  const rows = all.map((times) => {
    const seconds = best(times.forwardS);
    // The time of one rank and the cost of messages here predict the time of more ranks.
    const measured = one?.ranks === 1 && {
      size,
      oneRankS: best(one.forwardS),
      latencyS: times.latencyS,
      bytesPerS: times.algorithm === 'shared' ? Number.MAX_VALUE : times.bytesPerS,
    };
    const estimateS = measured
      ? estimateFft3d({ size, ranks: times.ranks, measured, layout: 'slabs', cores: Math.min(cores, times.ranks) })
          .seconds
      : null;
    const estimateError = estimateS === null ? null : estimateS / seconds - 1;
    return { ...times, seconds, over: one ? best(one.forwardS) / seconds : 1, estimateS, estimateError };
  });
  if (json) {
    printJson({ size, cores, rows });
    return;
  }
  for (const {
    ranks,
    backend,
    algorithm,
    seconds,
    over,
    backwardS,
    estimateS,
    estimateError,
    latencyS,
    bytesPerS,
    text,
  } of rows) {
    const ahead =
      estimateS === null || estimateError === null
        ? ''
        : `, estimated ${(1000 * estimateS).toFixed(2)} ms (${(100 * estimateError).toFixed(0)} %)`;
    print(
      `${bold(`${ranks} ${ranks === 1 ? 'rank ' : 'ranks'}`)}  ${size.join(' × ')} on ${backend}, ${algorithm}: ` +
        `forward ${(1000 * seconds).toFixed(2)} ms, backward ${(1000 * best(backwardS)).toFixed(2)} ` +
        `ms, ${over.toFixed(2)} × one rank${ahead}`,
    );
    if (ranks > 1) print(dim(`messages: ${(1e6 * latencyS).toFixed(0)} µs, ${(bytesPerS / 1e9).toFixed(2)} GB/s`));
    print(dim(text));
  }
}
