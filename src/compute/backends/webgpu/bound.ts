/** Binds buffers by their names in the shaders. */
import { EwaldError } from '../../../util/errors.js';
import type { GpuBuffer } from './pool.js';

/** The buffers that a shader names, numbered from 0; the names are those of the plan. */
export function boundBuffers(source: string, buffers: Readonly<Record<string, GpuBuffer>>): GpuBuffer[] {
  const bound: GpuBuffer[] = [];
  for (const [, number, name = ''] of source.matchAll(/@group\(0\) @binding\((\d+)\) var<[^>]*> (\w+)/g)) {
    const buffer = buffers[name];
    if (!buffer) throw new EwaldError('Internal', `a kernel requires the buffer ${name}, which the plan does not have`);
    bound[Number(number)] = buffer;
  }
  return bound;
}
