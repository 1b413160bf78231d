/** Kernels of the backends that only Node has; native and cuda refuse a feature that is missing here. */
import { nodeKernels as arrays } from '../compute/arrays/kernels.node.js';
import type { FurtherKernels } from '../compute/backends/feature.js';
import { nodeKernels as fft } from '../fft/kernels.node.js';
import { nodeKernels as indexing } from '../indexing/kernels.node.js';
import { nodeKernels as merging } from '../merging/kernels.node.js';
import { nodeKernels as peaks } from '../peaks/kernels.node.js';
import { nodeKernels as pi } from '../pi/kernels.node.js';
import { nodeKernels as udf } from '../udf/kernels.node.js';

export const nodeKernels: readonly FurtherKernels[] = [
  ...arrays,
  ...pi,
  ...fft,
  ...peaks,
  ...indexing,
  ...merging,
  ...udf,
];
