/** A context on a GPU device of the caller's, on Dawn in Node. */
import { createContext, isEwaldError } from 'ewald';
import { Executor } from 'ewald/executors';
import { expect, test } from 'vitest';
import { dawnGpu } from '../../src/compute/backends/webgpu/node.js';
import { givenDeviceTests } from './given-device.js';
import { whyAbsent } from './support.js';

const absent = await whyAbsent();
const found = absent ? undefined : await dawnGpu(undefined, true);
const requestDevice = async (): Promise<GPUDevice> => {
  if (!found || 'absent' in found) throw new Error('no GPU');
  const adapter = await found.gpu.requestAdapter();
  if (!adapter) throw new Error('no adapter');
  return adapter.requestDevice();
};

givenDeviceTests('Node', absent, { createContext, isEwaldError }, requestDevice);

test.skipIf(absent)('workers take no device of another thread', async () => {
  const device = await requestDevice();
  const error = await Promise.resolve()
    .then(() => Executor.workers({ workers: 1, context: { webgpu: { device } } }))
    .catch((caught: unknown) => caught);
  expect(isEwaldError(error as Error, 'Argument')).toBe(true);
  expect((error as Error).message).toMatch(/webgpu.device is of this thread, and no worker can use it/);
  device.destroy();
});
