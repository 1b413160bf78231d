// @module-tag all: Chromium.
// The WebGPU backend in Chromium, in a window and in a worker: counts, loss, openings, and the device layer.
import { describe, expect, test } from 'vitest';
import { createContext, devices, isEwaldError } from '../../dist/index.browser.js';
import { deviceTests } from './device.js';

const requestAdapter = async () => (await navigator.gpu?.requestAdapter()) ?? null;
const absent = (await requestAdapter()) ? undefined : 'no adapter';
if (absent && (import.meta.env.EWALD_REQUIRE ?? '').split(',').includes('webgpu'))
  throw new Error(`EWALD_REQUIRE names webgpu, but it is absent: ${absent}`);
const webgpu = { backend: 'webgpu', strict: true, log: { level: 'error' } } as const;
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing was thrown',
    (error) => error,
  );

deviceTests('Chromium', absent, requestAdapter);

describe.skipIf(absent)(`WebGPU in Chromium${absent ? `: absent, ${absent}` : ''}`, () => {
  const carry = 4n * 2n ** 32n;
  const runs = [1, 2, 5, 1023, 100_003].flatMap((points) =>
    [0n, 1n, 3n, 2n ** 32n - 2n, carry - 5n, 2n ** 63n].map((first) => ({
      points,
      first,
      seed: 2n ** 40n + first,
      stream: points,
    })),
  );

  test('the self-test of the device finds no fault', async () => {
    const rows = await devices({ backend: 'webgpu', selfTest: true });
    expect(rows.find(({ backend }) => backend === 'webgpu')).toMatchObject({ available: true, faults: [] });
  });

  test('counts as wasm does, in a window', async () => {
    const [gpu, wasm] = [await createContext(webgpu), await createContext({ backend: 'wasm', strict: true })];
    const [ours, theirs] = [await gpu.pi(), await wasm.pi()];
    for (const run of [...runs, { points: 20_000_001, first: 2n, seed: 9n, stream: 0 }]) {
      expect(
        (await ours.run(run)).hits,
        JSON.stringify(run, (_, v) => String(v)),
      ).toBe((await theirs.run(run)).hits);
    }
    await ours.dispose();
    expect(gpu.liveBytes).toBe(0);
    await gpu.dispose();
    await wasm.dispose();
  });

  test('counts as wasm does, in a worker', { tags: 'nightly' }, async () => {
    const worker = new Worker(new URL('../../dist/worker.browser.js', import.meta.url), { type: 'module' });
    const ask = (message: object): Promise<{ value?: { hits: bigint }; error?: { message: string } }> =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
        worker.postMessage({ id: 1, ...message });
      });
    expect((await ask({ call: 'open', options: webgpu })).error).toBeUndefined();
    const wasm = await createContext({ backend: 'wasm', strict: true });
    const plan = await wasm.pi();
    for (const run of runs.slice(-6))
      expect((await ask({ call: 'pi', options: run })).value?.hits).toBe((await plan.run(run)).hits);
    await ask({ call: 'close' });
    worker.terminate();
    await wasm.dispose();
  });

  test('a lost device ends active runs with DeviceLost, and a new context works', async () => {
    const original = GPUAdapter.prototype.requestDevice;
    const seen: GPUDevice[] = [];
    GPUAdapter.prototype.requestDevice = async function (descriptor?: GPUDeviceDescriptor) {
      const device = await original.call(this, descriptor);
      seen.push(device);
      return device;
    };
    try {
      const ctx = await createContext(webgpu);
      const plan = await ctx.pi();
      const run = plan.run({ points: 1e10 });
      setTimeout(() => seen[0]?.destroy(), 150);
      expect(await caught(run)).toSatisfy((error) => isEwaldError(error, 'DeviceLost'));
      // Rejections are caught at creation: one that rejects while another is awaited would count as unhandled.
      const later = await Promise.all([plan.run({ points: 1 }), ctx.pi(), ctx.sync()].map(caught));
      for (const error of later) expect(error).toSatisfy((one) => isEwaldError(one, 'DeviceLost'));
      await plan.dispose();
      expect(ctx.liveBytes).toBe(0);
      await ctx.dispose();
      const next = await createContext(webgpu);
      expect((await (await next.pi()).run({ points: 1e6, seed: 1 })).hits).toBe(785537n);
      await next.dispose();
    } finally {
      GPUAdapter.prototype.requestDevice = original;
    }
  });

  test('many openings', { tags: 'nightly' }, async () => {
    for (let i = 0; i < 200; i++) {
      const ctx = await createContext(webgpu);
      if (i % 20 === 0) expect((await (await ctx.pi()).run({ points: 1e6, seed: 1 })).hits).toBe(785537n);
      await ctx.dispose();
      expect(ctx.liveBytes).toBe(0);
    }
  });

  test('a browser offers one adapter: other numbers and names are refused with a message', async () => {
    const reason = async (device: string) =>
      (await devices({ device })).find(({ backend }) => backend === 'webgpu')?.reason;
    expect(await reason('1')).toBe('there is no device 1: a browser offers one adapter, device 0');
    expect(await reason('Voodoo')).toMatch(
      /^no adapter matches "Voodoo"; there is .*, and this platform cannot choose another$/,
    );
  });
});
