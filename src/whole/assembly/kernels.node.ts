/** Kernels of the backends that only Node has; native and cuda refuse a feature that is missing here. */
import { nodeKernels as arrays } from '../../core/arrays/kernels.node.js';
import type { FurtherKernels } from '../../core/backends/feature.js';
import { nodeKernels as pi } from '../../core/pi/kernels.node.js';
import { nodeKernels as indexing } from '../../serial/indexing/kernels.node.js';
import { nodeKernels as merging } from '../../serial/merging/kernels.node.js';
import { nodeKernels as peaks } from '../../serial/peaks/kernels.node.js';
import { nodeKernels as fft } from '../../transforms/fft/kernels.node.js';
import { nodeKernels as udf } from '../../udf/kernels.node.js';

export const nodeKernels: readonly FurtherKernels[] = [
  ...arrays,
  ...pi,
  ...fft,
  ...peaks,
  ...indexing,
  ...merging,
  ...udf,
];
