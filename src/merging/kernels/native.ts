/** Merging on the CPU, off the main thread; see cpp/merging. */
import type { NativeHost } from '../../compute/backends/native/host.js';
import { addonError } from '../../compute/backends/status.js';
import type { MergingBlock, MergingKernel, MergingOp } from '../contract.js';

/** The addon's passes; cpp/addon. */
interface MergingAddon {
  mergingSum(...values: (ArrayBufferView | null)[]): Promise<void>;
  mergingRefine(...values: (ArrayBufferView | null)[]): Promise<number>;
}

/** Threads of Node's pool, on which passes run. */
const poolThreads = 4;

/** The merging room of the core. */
export const mergingOp = ({ addon }: NativeHost): MergingOp => ({
  supports: () => true,
  plan: async () => planMerging(addon as MergingAddon),
});

const shared = ({ pass, numbers, columns, parameters, weights, selected, model }: MergingBlock) => [
  pass,
  numbers,
  ...columns,
  parameters,
  weights,
  selected,
  model ?? null,
];

function planMerging(addon: MergingAddon): MergingKernel {
  const refused = (error: unknown): never => {
    throw addonError(error);
  };
  return {
    // The columns are read in place, so that the plan needs no memory.
    bytes: 0,
    atOnce: poolThreads,
    sum: async (block, sums) => {
      await addon.mergingSum(...shared(block), sums).catch(refused);
    },
    refine: async (block, { numerator, information, deviation2, compared, excess }) =>
      addon.mergingRefine(...shared(block), numerator, information, deviation2, compared, excess).catch(refused),
    dispose: async () => {},
  };
}
