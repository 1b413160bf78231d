/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../base/parameters.js';
import type { DetectorControl } from './acquisition/detector-control.js';
import type { liveRows } from './acquisition/parameters.js';
import type { ComParams } from './builtin/com.js';
import type { Calibration } from './calibrate/calibration.js';
import type { MaskFactory } from './images/masks.js';
import type { analysisRows, newUdfRows } from './parameters.js';
import type { Roi } from './scans/roi.js';

/** Parameters of connections to detectors and of live scans. */
export interface LiveParameters extends OptionsOf<typeof liveRows> {
  readonly controller?: true | ((control: DetectorControl) => unknown) | undefined;
}

/** Parameters of analyses. */
export interface AnalysisParameters extends OptionsOf<typeof analysisRows> {
  readonly regression?: ComParams['regression'] | 'none' | 'mean' | 'plane' | 'calibrated' | undefined;
  readonly factories: readonly MaskFactory[];
  readonly useSparse?: boolean | 'auto' | undefined;
  readonly shifts?: readonly [number, number] | ArrayLike<number> | undefined;
  readonly template?: { readonly data: ArrayLike<number>; readonly shape: readonly [number, number] } | undefined;
  readonly positions?: ArrayLike<number> | undefined;
  readonly reference?: Roi | undefined;
  readonly calibration?: Calibration | undefined;
}

/** Options of `newUdf`. */
export interface NewUdfParameters extends OptionsOf<typeof newUdfRows> {}
