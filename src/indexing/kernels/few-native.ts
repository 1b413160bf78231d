/** Few spots of small cells on the CPU: off the main thread, by the threads of the core; see cpp/indexing. */

import type { NativeHost } from '../../compute/backends/native/host.js';
import { addonError } from '../../compute/backends/status.js';
import type { FewKernel, FewOp } from '../few/contract.js';

/** The addon's search with few spots; see cpp/addon. */
interface FewAddon {
  fewCreate(threads: number): object;
  fewBytes(few: object): number;
  fewRun(
    few: object,
    params: Uint8Array,
    spots: Float32Array,
    offsets: Uint32Array,
    wavelengths: Float32Array,
    images: number,
    cells: Float32Array,
    cellCount: number,
    found: Uint8Array,
    results: Uint8Array,
    assignment: Uint8Array,
  ): Promise<void>;
  fewDestroy(few: object): void;
}

/** The native core's search with few spots. */
export const fewOp = (host: NativeHost): FewOp => ({
  supports: () => true,
  plan: async ({ threads }) => planFew(host, threads),
});

function planFew(host: NativeHost, threads: number): FewKernel {
  const addon = host.addon as FewAddon;
  let few: object;
  try {
    few = addon.fewCreate(threads);
  } catch (error) {
    throw addonError(error);
  }
  const bytes = addon.fewBytes(few);
  host.hold(bytes);
  return {
    bytes,
    async run({ params, wavelengths, images, cellCount, found, results, assignment, ...given }) {
      // The run happens on another thread, so it works on arrays that nobody else can detach or modify. They are few.
      const [spots, offsets, cells] = [given.spots.slice(), given.offsets.slice(), given.cells.slice()];
      const out = [found.slice(), results.slice(), assignment.slice()] as const;
      try {
        await addon.fewRun(few, params, spots, offsets, wavelengths, images, cells, cellCount, ...out);
      } catch (error) {
        throw addonError(error);
      }
      found.set(out[0]);
      results.set(out[1]);
      assignment.set(out[2]);
    },
    async dispose() {
      addon.fewDestroy(few);
      host.hold(-bytes);
    },
  };
}
