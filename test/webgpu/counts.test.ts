/** The counts that the READMEs of the WebGPU kernels state, taken from what is recorded. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Commands } from '../../src/compute/backends/webgpu/commands.js';
import type { GpuDevice } from '../../src/compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../src/compute/backends/webgpu/pool.js';
import { type Extent, makeStages } from '../../src/indexing/kernels/webgpu/kernels.js';

const device = { pipeline: async () => ({}), bind: () => ({}) } as unknown as GpuDevice;
const buffer = {} as GpuBuffer;
const buffers = new Proxy({}, { get: () => buffer });
const extent: Extent = { images: 1024, candidates: 1, fresh: 1, points: 1, groups: 1, vectors: 1 };

test('a chunk with one cell and one lattice has as many dispatches as the READMEs state', async () => {
  const guide = readFileSync('wgsl/indexing/README.md', 'utf8');
  const [, rounds = ''] = /one known cell needs at most (\w+) rounds/.exec(guide) ?? [];
  expect(rounds).toBe('seven');
  const { take, list, round, finish } = await makeStages(device, false, buffers);
  let dispatches = 0;
  const commands = { dispatch: () => dispatches++ } as unknown as Commands;
  take(commands, extent);
  list(commands, extent);
  for (let i = 0; i < 7; i++) {
    round(commands, extent);
    list(commands, extent);
  }
  finish(commands, extent);
  expect(/: (\d+) dispatches \(\d+ before the list\)/.exec(guide)?.[1]).toBe(String(dispatches));
  const row = /dispatches of a chunk of 1024 images \| \d+ \| (\d+) \|/;
  expect(row.exec(readFileSync('wgsl/README.md', 'utf8'))?.[1]).toBe(String(dispatches));
});
