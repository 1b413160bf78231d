/** Disk finding on wasm: frames are copied into the heap a few at a time; see cpp/udf/disks.h. */
import type { Core } from '../../../backends/wasm/heap.js';
import type { WasmHost } from '../../../backends/wasm/host.js';
import { EwaldError } from '../../../base/errors.js';
import type { DisksDescriptor, DisksKernel, DisksOp } from '../contract.js';

/** Disk finding of the wasm core. */
export const disksOp = ({ core }: WasmHost): DisksOp => ({
  supports: () => true,
  plan: async (descriptor) => planDisks(core, descriptor),
});

/** Bytes of frames in the heap at a time; and at least this many frames, so that no lane of a vector is idle. */
const heapBytes = 2 ** 20;
const leastFrames = 8;

function planDisks(core: Core, { fields, pattern, frameBytes, pixels, peaks }: DisksDescriptor): DisksKernel {
  const most = Math.max(leastFrames, Math.floor(heapBytes / frameBytes));
  const before = core.liveBytes;
  const held: number[] = [];
  const hold = (bytes: number): number => {
    const address = core.alloc(Math.max(8, bytes));
    held.push(address);
    return address;
  };
  let disks = 0;
  const release = (): void => {
    if (disks !== 0) core.call('ewald_disks_destroy', disks);
    disks = 0;
    for (const address of held.splice(0)) core.free(address);
  };
  try {
    const made = hold(4);
    const [frames, expected] = [hold(most * frameBytes), hold(most * peaks * 8)];
    const [centers, refineds] = [hold(most * peaks * 8), hold(most * peaks * 8)];
    const [heights, elevations] = [hold(most * peaks * 4), hold(most * peaks * 4)];
    const given: number[] = [];
    try {
      for (const array of [fields, pattern]) {
        given.push(core.alloc(array.byteLength));
        core.write(given.at(-1) as number, array);
      }
      core.check('ewald_disks_create', ...given, made);
    } finally {
      for (const address of given) core.free(address);
    }
    const handle = new Uint32Array(1);
    core.read(made, handle);
    disks = handle[0] ?? 0;
    return {
      bytes: core.liveBytes - before,
      async run({ frames: all, count: total, peaks: positions, each, found }) {
        if (!each) core.write(expected, positions);
        for (let first = 0; first < total; first += most) {
          const count = Math.min(most, total - first);
          const [low, high] = [first * peaks, (first + count) * peaks];
          core.write(frames, all.subarray(first * pixels, (first + count) * pixels));
          if (each) core.write(expected, positions.subarray(2 * low, 2 * high));
          core.check(
            'ewald_disks_run',
            ...[disks, frames, count, expected, each ? 1 : 0, centers, refineds, heights, elevations],
          );
          core.read(centers, found.centers.subarray(2 * low, 2 * high));
          core.read(refineds, found.refineds.subarray(2 * low, 2 * high));
          core.read(heights, found.heights.subarray(low, high));
          core.read(elevations, found.elevations.subarray(low, high));
        }
      },
      dispose: async () => release(),
    };
  } catch (error) {
    release();
    if (error instanceof RangeError) throw new EwaldError('OutOfMemory', error.message, { cause: error });
    throw error;
  }
}
