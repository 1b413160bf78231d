/**
 * Corrections of several frames at a time on a backend: (value − dark) · gain, and bad pixels. See `Corrections` of
 * ewald/data, which describes what is corrected, and cpp/udf.
 */

import type { FrameArray } from '../../bytes/dtype.js';
import { numberTypes } from '../../compute/arrays/numbers.js';
import type { BackendName } from '../../compute/backends/names.js';
import { pack } from '../../compute/layout/struct.js';
import { correctionDescriptor, udfNumbers } from '../../compute/layout/udf.js';
import type { Planner } from '../../compute/planner/planner.js';
import { Corrections } from '../../frames/corrections.js';
import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import { assertIntact, lengthOf } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../../util/resource.js';
import type { PassDtype } from '../contract.js';
import { checkNumbers } from '../pass/frames-of-run.js';
import { planRows } from '../pass/plan-rows.js';
import { correctionFeature } from './kernels.js';

/** What is corrected, and in which types. */
export interface FrameCorrectionOptions {
  readonly corrections: Corrections;
  /** Dtype of the frames. */
  readonly dtype: PassDtype;
  /** Dtype of the corrected frames; default f32, or f64 for frames of 32-bit integers. */
  readonly to?: 'f32' | 'f64' | undefined;
  /** CPU threads, 0 (default): one per core. Results do not depend on it. */
  readonly threads?: number | undefined;
  /** Backend. Default: the one named when the context was opened, otherwise the CPU, where frames are. */
  readonly backend?: BackendName | undefined;
}

interface FrameCorrectionMethods extends Disposable {
  readonly backend: BackendName;
  readonly bytes: number;
  /**
   * Corrects `count` frames, [count, pixels], into `out`, [count, pixels] of the resulting dtype, and returns it.
   * Float32 results have the rounding errors of float32 relative to the corrected value, not to the raw one: the dark
   * frame is subtracted as a pair of floats. Throws `Shape`, `Disposed`.
   */
  run<Out extends Float32Array | Float64Array>(frames: FrameArray, count: number, out: Out): Promise<Out>;
}
/** Planned corrections. */
export type FrameCorrection = FrameCorrectionMethods & MaybeAsyncDisposable;

const { width: _, height: __, ...ofFrames } = planRows;
const rows = { ...ofFrames, corrections: row.any, to: row.choice(['f32', 'f64']) } as const;

/** Plans corrections on a context. */
export async function planFrameCorrection(planner: Planner, options: FrameCorrectionOptions): Promise<FrameCorrection> {
  const { corrections, dtype, threads, backend: named, ...wanted } = checkedOptions('frameCorrection', options, rows);
  if (!(corrections instanceof Corrections))
    throw new EwaldError('Argument', 'frameCorrection: corrections is not an object of Corrections');
  const to = wanted.to ?? (dtype === 'u32' || dtype === 'i32' ? 'f64' : 'f32');
  const { length: pixels, mask, dark, gain, saturation, underload, markers } = corrections;
  const { patch, maskOnly = false } = corrections.options;
  const nanIsBad = !maskOnly;
  const { backend, kernel } = await planner.plan(
    correctionFeature,
    {
      fields: pack(correctionDescriptor, {
        pixels,
        panelWidth: patch?.width ?? 0,
        panelHeight: patch?.height ?? 0,
        dtype: udfNumbers[dtype],
        wide: to === 'f64' ? 1 : 0,
        threads,
        markers: markers.length,
        nanIsBad: nanIsBad ? 1 : 0,
      }),
      pixels,
      dtype,
      bytesOfNumber: numberTypes[dtype].BYTES_PER_ELEMENT,
      wide: to === 'f64',
      dark,
      gain,
      mask,
      limits: Float64Array.of(saturation, underload, ...markers),
      limited: !corrections.isLinear || (dtype === 'f32' && nanIsBad),
      nanIsBad,
      panel: patch,
      threads,
    },
    named,
  );
  const resource = new Resource('frame correction', planner.resource, kernel);
  const correction: FrameCorrectionMethods = {
    backend: backend.name,
    bytes: kernel.bytes,
    async run(given, number, into) {
      resource.assertAlive();
      const count = checkedValue('frameCorrection.run: count', number, row.required(row.integer(0, 2 ** 31)));
      const frames = checkNumbers('frameCorrection.run: frames is', given, dtype, count * pixels);
      const out = checkNumbers('frameCorrection.run: out is', into, to, count * pixels);
      const lengths = [lengthOf(frames), lengthOf(out)] as const;
      return resource.enqueue(async () => {
        assertIntact('frameCorrection.run: frames', frames, lengths[0], 'before its turn');
        assertIntact('frameCorrection.run: out', out, lengths[1], 'before its turn');
        if (count > 0) await kernel.run({ frames, count, out });
        return into;
      });
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(correction, asyncDispose, { value: () => resource.dispose() });
  return correction as FrameCorrection;
}
