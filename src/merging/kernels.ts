/** The merging kernels of each backend. */
import type { Feature } from '../compute/backends/feature.js';
import type { MergingOp } from './contract.js';
import { mergingOp } from './kernels/wasm.js';

export const mergingFeature: Feature<MergingOp> = { name: 'merging', kernels: { wasm: mergingOp } };
