// @module-tag all: whole runs and a kernel for each type on a software device.
/** Frames that go to a GPU packed, as they are in the file: their pixels there, and the stream of a run. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { globals } from 'webgpu';
import { createContext } from '../../dist/index.node.js';
import { GpuDevice } from '../../src/compute/backends/webgpu/device.js';
import { dawnGpu } from '../../src/compute/backends/webgpu/node.js';
import { GpuFrames } from '../../src/peaks/kernels/webgpu/packed.js';
import { bitshuffleLz4 } from '../frames/codecs-oracle.js';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';
import { whyAbsent } from './support.js';

const absent = await whyAbsent();
const { prototype } = (globals as { readonly GPUDevice: typeof GPUDevice }).GPUDevice;

describe.skipIf(absent)(`packed frames on WebGPU${absent ? `: absent, ${absent}` : ''}`, () => {
  let device: GpuDevice;
  beforeAll(async () => {
    const found = await dawnGpu(undefined, true);
    const adapter = 'absent' in found ? null : await found.gpu.requestAdapter();
    if (!adapter) throw new Error('the adapter went away');
    device = await GpuDevice.open(adapter, () => {});
  });
  afterAll(() => device?.dispose());

  // Neither side is a multiple of a square's, and the last pixels are after the last block.
  const [width, height] = [37, 29];
  const types = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array } as const;
  const frameOf = (type: keyof typeof types, seed = 0) =>
    (types[type] as typeof Uint16Array).from({ length: width * height }, (_, i) =>
      i % 53 === 0 ? 60000 + i + seed : (i * i + seed) % 7,
    );
  const packedOf = (frame: Uint8Array | Uint16Array | Uint32Array, block?: number): Uint8Array =>
    bitshuffleLz4(new Uint8Array(frame.buffer), frame.BYTES_PER_ELEMENT, block);

  test.each(['u8', 'u16', 'u32'] as const)('of %s have their pixels there, in squares and whole', async (type) => {
    const bytesOfNumber = types[type].BYTES_PER_ELEMENT;
    const frames = new GpuFrames(device, { width, height, bytesOfNumber });
    const frame = await frames.hold();
    const to = await device.buffer(4 * Math.ceil((width * height * bytesOfNumber) / 4), 'storage');
    for (const seed of [0, 3]) {
      const expected = frameOf(type, seed);
      const chunk = packedOf(expected);
      const memory = frame.memory(chunk.length).subarray(0, chunk.length);
      memory.set(chunk);
      await (await frame.send(memory))(to);
      const copied = new Uint8Array(await device.read(to)).subarray(0, expected.byteLength);
      expect(copied).toEqual(new Uint8Array(expected.buffer));
      // The square in the upper right corner, and one inside.
      const tiles = Uint32Array.of(19, 6);
      const some = new types[type](width * height);
      await frame.tiles(tiles, some);
      for (const [i, value] of some.entries()) {
        const isWanted = tiles.includes(Math.floor(i / width / 8) * 5 + Math.floor((i % width) / 8));
        expect(value, `pixel ${i}`).toBe(isWanted ? expected[i] : 0);
      }
      await frame.tiles(
        Uint32Array.from({ length: 20 }, (_, t) => t),
        some,
      );
      expect(some).toEqual(expected);
    }
    frame.giveBack();
    expect(await frames.hold()).toBe(frame);
    frames.release();
    to.release();
  });

  test('refuse damage, and blocks that no workgroup holds, before and after decoding', async () => {
    const frames = new GpuFrames(device, { width, height, bytesOfNumber: 2 });
    const frame = await frames.hold();
    const to = await device.buffer(2 * width * height + 2, 'storage');
    const chunk = packedOf(frameOf('u16'));
    const broken = chunk.slice();
    broken.fill(255, 16, 60);
    const decode = await frame.send(broken);
    await refused(() => decode(to), 'Format', 'not valid LZ4');
    await refused(() => frame.send(chunk.subarray(0, 40)), 'Format', 'longer than the chunk');
    const large = chunk.slice();
    new DataView(large.buffer).setUint32(8, 65536);
    await refused(() => frame.send(large), 'Limit', 'blocks of 65536 bytes');
    // The frame is still of use.
    await (await frame.send(chunk))(to);
    const some = new Uint16Array(width * height);
    await frame.tiles(
      Uint32Array.from({ length: 20 }, (_, t) => t),
      some,
    );
    expect(some).toEqual(frameOf('u16'));
    frames.release();
    frame.giveBack();
    to.release();
  });

  test('give the stream of cores, byte for byte', { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-packed-'));
    const at = (name: string): string => join(folder, name);
    const small = ['--size=128,128', '--distance=19', '--images=2', '--blank=0'];
    const crystals = ['--crystals=1', '--seed=11', '--cell=44,57,68,82,97,104', '--strength=900'];
    const { code, err } = await ewald(['simulate', 'frames', '-o', folder, ...small, ...crystals]);
    expect(code, err).toBe(0);
    await using context = await createContext({ backend: 'webgpu', log: { level: 'error' } });
    const given = {
      inputs: at('run.h5'),
      geometry: at('run.geom'),
      cells: [at('run.cell')],
      commandLine: 'ewald index',
    };
    const search = { peaks: { threshold: 12 }, minRes: 12, refineGeometry: 'off', intRadius: [3, 4, 6], profile: {} };
    const compiled = vi.spyOn(prototype, 'createComputePipelineAsync');
    const streams: string[] = [];
    const kernels: (string | undefined)[][] = [];
    for (const decodeOn of ['device', 'cores']) {
      const output = at(`${decodeOn}.stream`);
      const options = { ...given, ...search, jobs: 1, output, decodeOn };
      for await (const { error } of context.pipeline(options as never)) expect(error).toBeUndefined();
      streams.push(readFileSync(output, 'latin1'));
      kernels.push(compiled.mock.calls.map(([{ label }]) => label));
      compiled.mockClear();
    }
    expect(streams[0]).toContain('End of reflections');
    expect(streams[0]).toBe(streams[1]);
    // Decoded there, and squares came back.
    expect(kernels[0]).toEqual(expect.arrayContaining(['decode', 'gather']));
    compiled.mockRestore();
    await rm(folder, { recursive: true });
  });
});
