/** What rooms need beside a device to make their kernels. */
import type { GpuDevice } from './device.js';

/** A shader preceded by its constants. */
export const withConstants = (source: string, constants: Readonly<Record<string, number>>): string =>
  `${Object.entries(constants)
    .map(([name, value]) => `const ${name}: u32 = ${value}u;`)
    .join('\n')}\n${source}`;

/** Size in bytes of the largest buffer that a kernel can bind. */
export const maxBytes = ({ limits }: GpuDevice): number =>
  Math.min(limits.maxStorageBufferBindingSize ?? 0, limits.maxBufferSize ?? 0);
