// What the results of a command take by themselves: work on each pixel of a frame, of which large frames have more.
import { Context, fourierMagnitude, stddevUdf } from '../../dist/udf.node.js';
import { countsOf } from '../udf/counts.mjs';
import { costOf, costOfArguments, patternScan } from './commands.mjs';

/** CPU seconds of a call, the best of three. */
async function seconds(work) {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

const transform = {
  what: 'one transform and its magnitudes',
  at(side) {
    const image = Float64Array.from(countsOf(side ** 2));
    return seconds(() => fourierMagnitude(image, [side, side]));
  },
};

/** Reading four results: of the smallest frames many times, since it takes no time that can be measured. */
const deviations = {
  what: 'the numbers of four results',
  async at(side) {
    const ctx = new Context({ context: { backend: 'native' } });
    try {
      const scan = ctx.fromMemory(countsOf(2 * side ** 2), { navShape: [2, 1], sigShape: [side, side] });
      const runs = Math.max(1, 1024 ** 2 / side ** 2);
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 3; i++) {
        let all = 0;
        for (let k = 0; k < runs; k++) {
          const results = await ctx.runUdf(scan, stddevUdf());
          const before = process.cpuUsage();
          for (const name of ['std', 'mean', 'var', 'sum']) results[name].data;
          const { user, system } = process.cpuUsage(before);
          all += (user + system) / 1e6;
        }
        best = Math.min(best, all / runs);
      }
      return best;
    } finally {
      await ctx.close();
    }
  },
};

/** A command on a single frame, beside reading it. */
const onOneFrame = (command) => ({
  what: 'one frame, beside its sum',
  async at(side, folder) {
    const file = patternScan(folder, side ** 2, side, 'one');
    const [whole, read] = [[], []];
    for (let i = 0; i < 2; i++) {
      whole.push((await costOf(command, file)).seconds);
      read.push((await costOfArguments(['run', 'sumsig', file])).seconds);
    }
    return Math.max(0, Math.min(...whole) - Math.min(...read));
  },
});

/** By the words after `ewald run`. */
export const alone = {
  stddev: deviations,
  'pick-fft': transform,
  'fft-sum': transform,
  'disks -r 10': onOneFrame('disks -r 10'),
};
