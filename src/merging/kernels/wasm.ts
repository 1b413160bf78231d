/** Merging on wasm: a block of crystals is copied into the heap for each pass; see cpp/merging. */
import type { Core } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { planStaged } from '../../compute/backends/wasm/staging.js';
import { mergingConstants, mergingPass } from '../../compute/layout/merging.js';
import { structBytes } from '../../compute/layout/struct.js';
import type { MergingBlock, MergingDescriptor, MergingKernel, MergingOp } from '../contract.js';

/** The merging room of a core. */
export const mergingOp = ({ core }: WasmHost): MergingOp => ({
  supports: (descriptor) => {
    const gigabytes = heapBytes(descriptor) / 2 ** 30;
    if (gigabytes < maxGigabytes) return true;
    const { unique, observations } = descriptor;
    return {
      why:
        `merging ${unique} unique reflections with ${observations} observations of ${descriptor.crystals} crystals ` +
        `at once takes ${gigabytes.toFixed(1)} GiB of the heap of wasm, which is at most 4 GiB; merge on native ` +
        '(Node), or up to a lower resolution with pushRes',
    };
  },
  plan: async (descriptor) => planMerging(core, descriptor),
});

/** Share of the heap's 4 GiB that a merge may take; the module itself and other plans need the rest. */
const maxGigabytes = 3.5;

/** Bytes of the heap that a plan takes: a block of observations, its crystals, and sums of all unique reflections. */
const heapBytes = ({ unique, crystals, observations }: MergingDescriptor): number =>
  26 * observations + (113 + 8 * mergingConstants.mergingParameters) * crystals + 56 * unique;

/** Bytes of ewald_merging_columns (ten addresses) and ewald_merging_fit (three, a gap, four doubles). */
const [columnsBytes, fitBytes] = [40, 48];

function planMerging(core: Core, { unique, crystals, observations }: MergingDescriptor): MergingKernel {
  return planStaged(core, (staging) => {
    const hold = (bytes: number): number => staging.place(bytes);
    const [pass, columns, fit, count] = [structBytes(mergingPass), columnsBytes, fitBytes, 8].map(hold) as Four;
    const data = [2, 2, 2, 4, 4, 4]
      .map((bytes) => hold(bytes * observations))
      .concat([4 * (crystals + 1), 72 * crystals, 8 * crystals, 8 * crystals].map(hold));
    core.write(columns, Uint32Array.from(data));
    const own = [8 * mergingConstants.mergingParameters * crystals, 8 * crystals, crystals].map(hold);
    core.write(fit, Uint32Array.from(own));
    const [parameters, weights, selected] = own as Three;
    const [model, numerator, information, sums] = [8 * unique, 8 * unique, 8 * unique, 32 * unique].map(hold) as Four;
    const [deviation2, compared, excess] = [8 * crystals, 4 * crystals, 8 * observations].map(hold) as Three;
    // The same model and sums are used for many blocks; they are copied once.
    const last = new Map<number, Float64Array>();
    const writeShared = (address: number, values: Float64Array): void => {
      if (last.get(address) === values) return;
      core.write(address, values);
      last.set(address, values);
    };
    const write = (block: MergingBlock): void => {
      core.write(pass, block.pass);
      core.write(fit + 16, block.numbers);
      for (const [i, column] of block.columns.entries()) core.write(data[i] as number, column);
      core.write(parameters, block.parameters);
      core.write(weights, block.weights);
      core.write(selected, block.selected);
      if (block.model) writeShared(model, block.model);
    };
    return {
      bytes: staging.bytes,
      atOnce: 1,
      async sum(block, into) {
        write(block);
        core.check('ewald_merging_sum', pass, columns, fit, block.model ? model : 0, sums);
        core.read(sums, into);
      },
      async refine(block, arrays) {
        write(block);
        writeShared(numerator, arrays.numerator);
        writeShared(information, arrays.information);
        core.check(
          'ewald_merging_refine',
          ...[pass, columns, fit, model, numerator, information, deviation2, compared, excess, count],
        );
        core.read(parameters, block.parameters);
        core.read(deviation2, arrays.deviation2);
        core.read(compared, arrays.compared);
        const found = new Uint32Array(1);
        core.read(count, found);
        const [written = 0] = found;
        core.read(excess, arrays.excess.subarray(0, written));
        return written;
      },
      dispose: async () => staging.release(),
    };
  });
}

type Three = [number, number, number];
type Four = [number, number, number, number];
