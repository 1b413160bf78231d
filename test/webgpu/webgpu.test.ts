// The WebGPU backend in Node, through Dawn: counts, loss, memory, choice of adapter, and an event loop that ends.
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Context, createContext, devices, isEwaldError } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/compute/backends/backend.js';
import type { Platform } from '../../src/compute/backends/platform.js';
import { webgpuLoader } from '../../src/compute/backends/webgpu/webgpu.js';
import { openContext } from '../../src/compute/context/context.js';
import type { RoomMethods } from '../../src/context/room-list.js';
import { roomsIn } from '../../src/context/rooms.js';
import { inProcess, options, over, startWorker, watched, whyAbsent } from './support.js';

const rooms = roomsIn(() => Promise.reject(new Error('no run is begun here')));

const absent = await whyAbsent();
const quiet = { level: 'error' } as const;
const webgpu = { backend: 'webgpu', strict: true, log: quiet } as const;

async function caught(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing was thrown',
    (error) => error,
  );
}

describe.skipIf(absent)(`WebGPU in Node${absent ? `: absent, ${absent}` : ''}`, () => {
  describe('pi', () => {
    let gpu: Context;
    let wasm: Context;
    beforeAll(async () => {
      gpu = await createContext(webgpu);
      wasm = await createContext({ backend: 'wasm', strict: true });
    });
    afterAll(async () => {
      await gpu?.dispose();
      await wasm?.dispose();
    });

    test('counts as wasm does, whatever the seed, the stream, the first point and the number of points', async () => {
      const [ours, theirs] = [await gpu.pi(), await wasm.pi()];
      const carry = 4n * 2n ** 32n;
      const firsts = [
        0n,
        1n,
        2n,
        3n,
        4n,
        2n ** 32n - 2n,
        carry - 1n,
        carry - 5n,
        carry - 1021n,
        2n ** 40n + 1n,
        2n ** 62n + 3n,
        2n ** 63n,
      ];
      const seeds = [0n, 1n, 2n ** 32n, 2n ** 64n - 1n, 0x123456789abcdef0n];
      for (const points of [1, 2, 3, 4, 5, 7, 8, 255, 1023, 1025, 32768, 32771, 100_003]) {
        for (const [i, first] of firsts.entries()) {
          const run = { points, first, seed: seeds[i % seeds.length] ?? 0n, stream: i % 2 ? 0xffffffff : i };
          const [{ hits }, { hits: expected }] = [await ours.run(run), await theirs.run(run)];
          expect(hits, `points ${points}, first ${first}, seed ${run.seed}, stream ${run.stream}`).toBe(expected);
        }
      }
      await ours.dispose();
      await theirs.dispose();
      expect(gpu.liveBytes).toBe(0);
    });

    test('a count over many calls and dispatches, and its split into uneven parts', { tags: 'all' }, async () => {
      const [ours, theirs] = [await gpu.pi(), await wasm.pi()];
      const points = 30_000_001;
      const { hits } = await theirs.run({ points, seed: 5, first: 2 });
      expect((await ours.run({ points, seed: 5, first: 2 })).hits).toBe(hits);
      const cuts = [0, 1, 12_345_678, 12_345_681, points];
      const parts = await Promise.all(
        cuts.slice(1).map((end, i) => ours.run({ points: end - (cuts[i] ?? 0), seed: 5, first: 2 + (cuts[i] ?? 0) })),
      );
      expect(parts.reduce((sum, part) => sum + part.hits, 0n)).toBe(hits);
      await ours.dispose();
      await theirs.dispose();
    });
  });

  describe('choice of the adapter', () => {
    test('a software adapter is used only when webgpu is named', async () => {
      const row = (await devices()).find(({ backend }) => backend === 'webgpu');
      expect(row?.available).toBe(true);
      expect(row?.limits.maxBufferSize).toBeGreaterThanOrEqual(2 ** 28);
      const ctx = await createContext({ log: quiet });
      const names = ctx.backends.map(({ name }) => name);
      await ctx.dispose();
      expect(names.includes('webgpu')).toBe(row?.device?.kind === 'gpu');
    });

    test('by number or by a part of the name', async () => {
      const find = async (device: string | number) =>
        (await devices({ device })).find(({ backend }) => backend === 'webgpu');
      expect((await find(0))?.available).toBe(true);
      const missing = await find(99);
      expect(missing?.reason).toMatch(/^no adapter has the name or number "99"; there are 0: /);
      const name = /0: ([^,]*)/.exec(missing?.reason ?? '')?.[1] ?? '';
      expect((await find(name.slice(1, 6).toUpperCase()))?.available).toBe(true);
      expect(await caught(createContext({ ...webgpu, device: 'Voodoo 2' }))).toSatisfy(
        (error) =>
          isEwaldError(error, 'Unsupported') && error.message.includes('"Voodoo 2"') && error.message.includes(name),
      );
    });

    test('an adapter below the required limits is refused, with the limit and both values', async () => {
      const small = (adapter: GPUAdapter) =>
        over(adapter, { limits: over(adapter.limits, { maxComputeWorkgroupStorageSize: 1024 }) });
      const probe = await webgpuLoader(watched([], small)).probe(options);
      expect(probe).toMatchObject({ available: false });
      expect(probe.reason).toMatch(/is too small: maxComputeWorkgroupStorageSize is 1024, expected 16384$/);
    });
  });

  describe('a lost device', () => {
    const platform = (seen: GPUDevice[]): Platform => ({
      name: 'node',
      loaders: [webgpuLoader(watched(seen))],
      kernels: [],
      env: () => undefined,
      startWorker,
    });

    test('ends the active run and all later ones with DeviceLost; a new context works', async () => {
      const seen: GPUDevice[] = [];
      const told: string[] = [];
      const ctx = await openContext<RoomMethods>(platform(seen), rooms, {
        ...webgpu,
        log: { level: 'warn', sink: (_, message) => told.push(message) },
      });
      const plan = await ctx.pi();
      const runs = [plan.run({ points: 1e10 }), plan.run({ points: 5 })];
      setTimeout(() => seen[0]?.destroy(), 100);
      for (const error of await Promise.all(runs.map(caught)))
        expect(error).toSatisfy((error) => isEwaldError(error, 'DeviceLost') && /create a new one/.test(error.message));
      for (const later of [() => plan.run({ points: 1 }), () => ctx.pi(), () => ctx.sync()])
        expect(await caught(later())).toSatisfy((error) => isEwaldError(error, 'DeviceLost'));
      expect(told.filter((message) => message.includes('was lost'))).toHaveLength(1);
      await plan.dispose();
      expect(ctx.liveBytes).toBe(0);
      await ctx.dispose();
      const next = await openContext<RoomMethods>(platform(seen), rooms, webgpu);
      expect((await (await next.pi()).run({ points: 1000, seed: 1 })).hits).toBeGreaterThan(700n);
      await next.dispose();
    });

    test('before a plan is made, and with a plan that is never disposed', async () => {
      const seen: GPUDevice[] = [];
      const ctx = await openContext<RoomMethods>(platform(seen), rooms, webgpu);
      await ctx.pi();
      seen[0]?.destroy();
      expect(await caught(ctx.sync())).toSatisfy((error) => isEwaldError(error, 'DeviceLost'));
      await ctx.dispose();
      expect(ctx.liveBytes).toBe(0);
    });

    test('a failed request for a device is reported', async () => {
      const refuse = (adapter: GPUAdapter) =>
        over(adapter, { requestDevice: () => Promise.reject(new Error('busy\n    at frame')) });
      const probe = await webgpuLoader(watched([], refuse)).probe(options);
      const error = await caught(probe.available ? probe.open() : Promise.resolve<Backend | undefined>(undefined));
      expect(error).toSatisfy((e) => isEwaldError(e, 'Load') && /did not open: busy$/.test(e.message));
    });
  });

  describe('the process', () => {
    const exits = { 'a probe alone': '', 'a context disposed': 'await ctx.dispose();', 'a context left open': '' };
    test.each(Object.entries(exits))('ends by itself after %s', async (name, end) => {
      const body =
        name === 'a probe alone'
          ? 'await devices();'
          : `const ctx = await createContext({ backend: 'webgpu' }); await ctx.sync(); ${end}`;
      const { stdout } = await inProcess(`${body}\nconsole.log('end');`);
      expect(stdout).toContain('end');
    });

    test('ends by itself after a run, and inside a worker thread', { tags: 'nightly' }, async () => {
      const body =
        `const ctx = await createContext({ backend: 'webgpu' }); const plan = await ctx.pi(); await plan.run({ ` +
        'points: 1e6 }); await ctx.dispose();';
      expect((await inProcess(`${body}\nconsole.log('end');`)).stdout).toContain('end');
      const entry = new URL('../../dist/index.node.js', import.meta.url).href;
      const source = `import(${JSON.stringify(entry)}).then(async ({ createContext }) => { ${body} })`;
      for (let i = 0; i < 3; i++) {
        const worker = new Worker(source, { eval: true });
        expect(await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))).toBe(0);
      }
    });

    test('many openings leave no memory, thread or handle', { tags: 'nightly' }, async () => {
      // Every tenth opening also compiles and runs. A first half warms up compilers and allocators; a leak takes memory
      // in every part of the second half. EWALD_CYCLES is for longer runs.
      const cycles = Number(process.env.EWALD_CYCLES ?? 500);
      const part = Math.ceil(cycles / 4);
      const { stdout } = await inProcess(
        `import { readdirSync } from 'node:fs';
        const state = async () => { for (let i = 0; i < 5; i++) { gc(); await new Promise((wake) => setTimeout(wake, 20)); }
          const count = (what) => { try { return readdirSync('/proc/self/' + what).length; } catch { return 0; } };
          return { rss: process.memoryUsage().rss, threads: count('task'), handles: count('fd') }; };
        const cycle = async (n) => { for (let i = 0; i < n; i++) { const ctx = await createContext({ backend: 'webgpu', strict: true, log: { level: 'error' } });
          if (i % 10 === 0) { const plan = await ctx.pi(); await plan.run({ points: 1000 }); if (i % 20) await plan.dispose(); }
          await ctx.dispose(); if (ctx.liveBytes !== 0) throw new Error('liveBytes is ' + ctx.liveBytes); } };
        await cycle(${cycles}); const states = [await state()];
        for (let i = 0; i < 4; i++) { await cycle(${part}); states.push(await state()); }
        console.log(JSON.stringify(states));`,
        { flags: ['--expose-gc'] },
      );
      const states = JSON.parse(stdout) as { rss: number; threads: number; handles: number }[];
      const [before, after] = [states[0], states.at(-1)];
      expect(after?.threads).toBeLessThanOrEqual((before?.threads ?? 0) + 1);
      expect(after?.handles).toBeLessThanOrEqual(before?.handles ?? 0);
      // The resident size fluctuates by some 20 MB from one collection to the next, but does not increase every time.
      const grown = states.slice(1).map(({ rss }, i) => rss - (states[i]?.rss ?? 0));
      expect(Math.min(...grown)).toBeLessThan(2e6 + part * 10e3);
    });
  });
});

describe('absent WebGPU', () => {
  const row = `console.log(JSON.stringify((await devices()).find(({ backend }) => backend === 'webgpu')));`;

  test('without the package, the reason names the package to install', { tags: 'all' }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-'));
    try {
      const dist = new URL('../../dist/', import.meta.url);
      for (const file of await readdir(dist))
        if (/\.(js|wasm)$/.test(file)) await cp(new URL(file, dist), join(folder, file));
      await cp(new URL('../../package.json', import.meta.url), join(folder, 'package.json'));
      const { stdout } = await inProcess(row, { package: join(folder, 'index.node.js') });
      expect(JSON.parse(stdout)).toMatchObject({
        available: false,
        reason: 'WebGPU in Node needs the optional package webgpu (Dawn): npm install webgpu',
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.runIf(process.platform === 'linux')(
    'without a driver the reason is a sentence, and nothing is written to standard error',
    async () => {
      const { stdout, stderr } = await inProcess(row, {
        env: { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '' },
      });
      const { available, reason } = JSON.parse(stdout);
      expect(available).toBe(false);
      expect(reason).toMatch(/^(no Vulkan driver is installed|the Vulkan loader libvulkan.so.1 is missing)[^\n]*$/);
      const hasCard = ['dri', 'nvidia0', 'nvidiactl', 'kfd', 'dxg'].some((name) => existsSync(`/dev/${name}`));
      expect(reason).toContain(hasCard ? 'the driver of the GPU' : 'apt install mesa-vulkan-drivers');
      expect(stderr).toBe('');
    },
  );
});
