/** Where the kernels of peaks are. */
import type { Feature } from '../backends/feature.js';
import { peaksOp } from '../backends/wasm/peaks.js';
import type { PeaksOp } from './contract.js';

export const peaksFeature: Feature<PeaksOp> = { name: 'peaks', kernels: { wasm: peaksOp } };
