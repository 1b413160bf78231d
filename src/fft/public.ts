/** The public names of transforms. */
export type {
  FftArray,
  FftData,
  FftDtype,
  FftEngine,
  FftKind,
  FftOptions,
  FftPlan,
  FftPlanMethods,
  FftPrecision,
  FftRun,
  FftRunNow,
  FftRunOptions,
  FftScale,
  KeptAxis,
  R2rKind,
} from './fft.js';
export {
  convolve,
  correlate,
  type FoldMode,
  fftfreq,
  fftshift,
  goodLength,
  ifftshift,
  rfftfreq,
  type Shaped,
} from './helpers.js';
