// The device layer in Node.
import { expect, test } from 'vitest';
import { sizeClass } from '../../src/compute/backends/webgpu/pool.js';
import { locate } from '../../src/compute/backends/webgpu/shader.js';
import { deviceTests } from './device.js';
import { watched, whyAbsent } from './support.js';

deviceTests('Node', await whyAbsent(), async () => {
  const found = await watched([])(undefined, true);
  return 'gpu' in found ? found.gpu.requestAdapter() : null;
});

test('sizes of buffers are rounded up by a quarter at most', () => {
  for (const bytes of [1, 255, 256, 257, 1000, 4097, 99_999, 1e6, 123_456_789]) {
    const rounded = sizeClass(bytes, 2 ** 30);
    expect(rounded).toBeGreaterThanOrEqual(bytes);
    expect(rounded).toBeLessThanOrEqual(Math.max(256, bytes * 1.25 + 64));
    expect(rounded % 4).toBe(0);
  }
  expect(sizeClass(2 ** 30 - 3, 2 ** 30)).toBe(2 ** 30);
});

test('a line of a shader is traced to the file it came from', () => {
  const flat = ['//@ a.wgsl 1', 'one', '//@ b.wgsl 1', 'inner', 'inner', '//@ a.wgsl 3', 'three', 'four'].join('\n');
  expect(locate(flat, 2)).toEqual({ file: 'a.wgsl', line: 1 });
  expect(locate(flat, 5)).toEqual({ file: 'b.wgsl', line: 2 });
  expect(locate(flat, 8)).toEqual({ file: 'a.wgsl', line: 4 });
  expect(locate('no mark', 1)).toEqual({ file: 'shader', line: 1 });
});
