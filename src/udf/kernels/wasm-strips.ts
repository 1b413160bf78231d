/**
 * Sums of pixels over frames that are larger than the cache, on wasm: strip by strip of rows, so that the frames' part of
 * a strip and its running sums stay in the cache, and the heap never holds a whole frame.
 */

import type { FrameArray } from '../../bytes/dtype.js';
import type { Core } from '../../compute/backends/wasm/heap.js';
import { planStaged, type Staging } from '../../compute/backends/wasm/staging.js';
import { pack } from '../../compute/layout/struct.js';
import { udfDescriptor, udfNumbers } from '../../compute/layout/udf.js';
import type { UdfDescriptor, UdfKernel, UdfRun } from '../contract.js';

/** Bytes of a strip of all frames that the core adds at a time. */
const stripBytes = 2 ** 19;

/** A pass of the core over one strip. */
interface StripPass {
  readonly handle: number;
  readonly staging: Staging;
}

/** A pass whose steps are sums of pixels alone; `together` frames are added before a running sum is touched. */
export function planStrips(core: Core, descriptor: UdfDescriptor, together: number): UdfKernel {
  const { width, height, pixels, planes, bytesOfNumber, dtype, threads, kinds, steps } = descriptor;
  const rows = Math.min(height, Math.max(1, Math.floor(stripBytes / (together * width * bytesOfNumber))));
  const count = Math.ceil(height / rows);
  const most = rows * width;
  /** By strip, made when they are first needed. */
  const passes: (StripPass | undefined)[] = [];
  const handleOf = (strip: number): number => {
    const sizes = { width, height: Math.min(rows, height - strip * rows), threads, steps: kinds.length };
    const fields = pack(udfDescriptor, { ...sizes, dtype: udfNumbers[dtype], indices: 0, weights: 0 });
    const { indices, weights } = descriptor;
    passes[strip] ??= planStaged(core, (staging) => ({
      handle: staging.create('udf', fields, steps, indices, weights),
      staging,
    }));
    return passes[strip].handle;
  };
  return planStaged(core, (staging) => {
    const frames = staging.place(together * most * bytesOfNumber);
    const sig = staging.place(planes * most * 8);
    const add = (handle: number, all: FrameArray, run: UdfRun, begin: number, end: number): void => {
      for (let first = 0; first < run.count; first += together) {
        const here = Math.min(together, run.count - first);
        for (let i = 0; i < here; i++) {
          const at = (first + i) * pixels;
          core.write(frames + i * (end - begin) * bytesOfNumber, all.subarray(at + begin, at + end));
        }
        core.check('ewald_udf_run', handle, frames, here, sig);
      }
    };
    return {
      bytes: staging.bytes,
      takesArrays: false,
      takesPieces: true,
      async run(run) {
        // If no other frames follow or precede, the sums of a strip are complete before the next one begins.
        const isWhole = !run.continues && run.sig !== undefined;
        for (let strip = 0; strip < count; strip++) {
          const handle = handleOf(isWhole && strip < count - 1 ? 0 : strip);
          const [begin, end] = [strip * most, Math.min(pixels, (strip + 1) * most)];
          if (!run.continues) core.check('ewald_udf_begin', handle);
          add(handle, run.frames as FrameArray, run, begin, end);
          if (!run.sig) continue;
          core.check('ewald_udf_end', handle, sig);
          for (let plane = 0; plane < planes; plane++)
            core.read(sig + plane * (end - begin) * 8, run.sig.subarray(plane * pixels + begin, plane * pixels + end));
        }
      },
      dispose: async () => {
        for (const pass of passes) pass?.staging.release();
        staging.release();
      },
    };
  });
}
