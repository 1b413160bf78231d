/** Creates analyses from their parameters. */
export { type ClusterOptions, clusterAnalysis } from './cluster.js';
export { type ComOptions, comAnalysis } from './com.js';
export {
  type BraggOptions,
  braggAnalysis,
  type DisksOptions,
  disksAnalysis,
  type StrainAnalysisOptions,
  strainAnalysis,
} from './disks.js';
export { maxAnalysis, minAnalysis } from './extremes.js';
export { crystallinityAnalysis, femAnalysis } from './fluctuation.js';
export {
  diskAnalysis,
  type MaskAnalysisOptions,
  maskAnalysis,
  pointAnalysis,
  radialBinsAnalysis,
  ringAnalysis,
} from './masks.js';
export {
  type HolographyAnalysisOptions,
  holographyAnalysis,
  type IcomOptions,
  icomAnalysis,
  type SsbAnalysisOptions,
  ssbAnalysis,
} from './phase.js';
export { type PolarOptions, polarAnalysis } from './polar.js';
export { type RadialFourierOptions, radialFourierAnalysis } from './radial-fourier.js';
export {
  fftSumAnalysis,
  logSumAnalysis,
  pickAnalysis,
  pickFftAnalysis,
  stddevAnalysis,
  sumAnalysis,
  sumSigAnalysis,
} from './sums.js';
