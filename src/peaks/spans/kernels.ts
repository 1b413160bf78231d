/** The kernels of sums over stretches of rows; GPUs have none, since most frames are in the memory of the host. */
import type { Feature } from '../../compute/backends/feature.js';
import type { SpansOp } from './contract.js';
import { spansOp } from './wasm.js';

export const spansFeature: Feature<SpansOp> = { name: 'sums of regions', kernels: { wasm: spansOp } };
