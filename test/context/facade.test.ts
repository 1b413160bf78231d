/**
 * Bad input at the facade: a tagged error that states what was found and what is expected, before anything is
 * allocated.
 */
import { type Context, createContext, devices } from 'ewald';
import { describe, expect, it } from 'vitest';
import { openEach } from '../support/contexts.js';
import { refused } from '../support/refused.js';

const cell = [40, 0, 0, 0, 50, 0, 0, 0, 60];
const spots = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 7.1) * 0.3);

describe('createContext', () => {
  it('refuses unknown backends, with the nearest name', () =>
    refused(() => createContext({ backend: 'wasn' as 'wasm' }), 'Argument', '"wasn"', 'did you mean "wasm"'));
  it('refuses unknown options, with the nearest name', () =>
    refused(() => createContext({ backnd: 'wasm' } as object), 'Argument', '"backnd"', '"backend"'));
  it('refuses unknown log levels', () =>
    refused(() => createContext({ log: { level: 'loud' as 'info' } }), 'Argument', '"loud"', 'silent, error'));
  it('names the missing wasm file', () =>
    refused(
      () => createContext({ backend: 'wasm', strict: true, wasm: '/nowhere/ewald.wasm' }),
      'Unsupported',
      '/nowhere/ewald.wasm',
      'wasm',
    ));
  it('reports bytes that are not a module', () =>
    refused(
      () => createContext({ backend: 'wasm', strict: true, wasm: new Uint8Array(5) }),
      'Unsupported',
      '5 bytes',
      'not a WebAssembly module',
    ));
  it('reports a truncated module', async () => {
    const { readFile } = await import('node:fs/promises');
    const whole = await readFile(new URL('../../dist/ewald.wasm', import.meta.url));
    await refused(
      () =>
        createContext({ backend: 'wasm', strict: true, wasm: new Uint8Array(whole.subarray(0, whole.length >> 1)) }),
      'Unsupported',
      'damaged or truncated',
    );
  });
  it('takes the whole core where its part is not beside the bundle, and names the part if both are missing', async () => {
    const { compileCore } = await import('../../src/compute/backends/wasm/source.js');
    const { readFile } = await import('node:fs/promises');
    const part = () => new URL('file:///nowhere/ewald-fft.wasm');
    const missing = (url: URL) => Promise.reject(new Error(`there is no ${url.pathname}`));
    await expect(compileCore(undefined, missing, part)).rejects.toThrow('/nowhere/ewald-fft.wasm');
    const whole = await readFile(new URL('../../dist/ewald.wasm', import.meta.url));
    const reading = (url: URL) => (url.pathname.endsWith('/ewald.wasm') ? Promise.resolve(whole) : missing(url));
    expect(await compileCore(undefined, reading, part)).toBeInstanceOf(WebAssembly.Module);
  });
  it('says that a module of transforms has one precision, and which one does both', async () => {
    const ctx = await createContext({ backend: 'wasm', wasm: new URL('../../dist/ewald-fft.wasm', import.meta.url) });
    expect(await (await ctx.fft({ shape: [2] })).forward(Float32Array.of(1, 0, 2, 0))).toEqual(
      Float32Array.of(3, 0, -1, 0),
    );
    await refused(
      () => ctx.fft({ shape: [2], precision: 'f64' }),
      'Argument',
      'single precision alone; load the whole ewald.wasm',
    );
    await ctx.dispose();
  });
  it('refuses a module that is not ours', () =>
    refused(
      () => createContext({ backend: 'wasm', strict: true, wasm: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) }),
      'Load',
      'ABI',
    ));
  it('reads EWALD_BACKEND and EWALD_LOG_LEVEL, and INDEXER_LOG_LEVEL as an alias', async () => {
    process.env.EWALD_BACKEND = 'wasm';
    process.env.INDEXER_LOG_LEVEL = 'fatal';
    try {
      const context = await createContext();
      expect(context.backends[0]?.name).toBe('wasm');
      expect(context.log.level).toBe('error');
      await context.dispose();
      process.env.EWALD_LOG_LEVEL = 'debug';
      const lines: string[] = [];
      const second = await createContext({ log: { sink: (level, line) => lines.push(`${level} ${line}`) } });
      expect(lines.some((line) => line.startsWith('debug wasm: available'))).toBe(true);
      await second.dispose();
      process.env.EWALD_BACKEND = 'cudda';
      await refused(() => createContext(), 'Argument', 'EWALD_BACKEND', 'did you mean "cuda"');
    } finally {
      delete process.env.EWALD_BACKEND;
      delete process.env.EWALD_LOG_LEVEL;
      delete process.env.INDEXER_LOG_LEVEL;
    }
  });
});

describe('a backend that is not available', () => {
  it('names the available ones, and claims nothing about those not probed', async ({ skip }) => {
    const rows = await devices();
    const absent = rows.find(({ available }) => !available)?.backend;
    if (!absent) return skip('every backend is here');
    const others = rows.filter(({ available, device }) => available && device?.kind !== 'software');
    const refusal = (strict: boolean) =>
      createContext({ backend: absent, strict }).catch((error: Error) => error.message);
    expect(await refusal(false)).toContain(`; available here: ${others.map(({ backend }) => backend).join(', ')}`);
    expect(await refusal(true)).not.toContain('available here');
  });
});

describe('devices', () => {
  it('explains every backend', async () => {
    const rows = await devices();
    expect(rows.map(({ backend }) => backend)).toEqual(['cuda', 'webgpu', 'native', 'wasm']);
    for (const { reason, available, name } of rows) {
      expect(reason.length).toBeGreaterThan(10);
      expect(name === null).toBe(!available);
    }
    expect(rows.filter(({ chosen }) => chosen)).toHaveLength(1);
  });
});

describe.each(['wasm', 'native'] as const)('plans on %s', (backend) => {
  let context: Context;
  openEach(backend, (opened) => {
    context = opened;
  });

  it('pi: refuse numbers outside their ranges', async () => {
    const plan = await context.pi();
    await refused(() => plan.run({ points: 0 }), 'Argument', 'points is 0', 'from 1');
    await refused(() => plan.run({ points: 1.5 }), 'Argument', '1.5');
    await refused(() => plan.run({ points: Number.NaN }), 'Argument', 'NaN');
    await refused(() => plan.run({ points: 2 ** 60 }), 'Argument', 'bigint');
    await refused(() => plan.run({ points: 1, seed: -1 }), 'Argument', 'seed is -1');
    await refused(() => plan.run({ points: 10, first: (1n << 64n) - 5n }), 'Argument', 'first');
    await refused(() => context.pi({ threads: -1 }), 'Argument', 'threads is -1');
    await refused(() => context.pi({ thread: 1 } as object), 'Argument', 'did you mean "threads"');
  });

  it('pi: end when their signal fires', async () => {
    const plan = await context.pi();
    await refused(() => plan.run({ points: 1e12, signal: AbortSignal.timeout(50) }), 'Aborted');
    expect((await plan.run({ points: 1000, seed: 1 })).points).toBe(1000n);
  });

  it('indexer: refuse sizes and thresholds outside their ranges', async () => {
    const before = context.liveBytes;
    await refused(() => context.indexer({ maxSpots: 2 }), 'Argument', 'maxSpots is 2', 'from 6');
    await refused(() => context.indexer({ method: 'slow' as 'fast' }), 'Argument', '"slow"', 'fast, exhaustive, turbo');
    await refused(() => context.indexer({ maxSpot: 3 } as object), 'Argument', 'did you mean "maxSpots"');
    expect(context.liveBytes).toBe(before);
    const indexer = await context.indexer();
    await refused(
      () => indexer.run({ spots, cells: cell, trimLow: 0.4 }),
      'Argument',
      'trimLow is 0.4',
      'trimHigh is 0.3',
    );
    await refused(() => indexer.run({ spots, cells: cell, delta: 0 }), 'Argument', 'delta is 0');
    await refused(() => indexer.run({ spots, cells: cell, contraction: 1 }), 'Argument', 'contraction is 1');
    await refused(() => indexer.run({ spots, cells: cell, minSpots: 3 }), 'Argument', 'minSpots is 3');
    await refused(() => indexer.run({ spots, cells: cell, dist2: 3 } as never), 'Argument', '"dist2"');
  });

  it('indexer: refuse invalid spots, offsets and cells', async () => {
    const indexer = await context.indexer({ batch: 2, maxBatchSpots: 300 });
    const bad = spots.slice();
    bad[31] = Number.NaN;
    await refused(() => indexer.run({ spots: bad, cells: cell }), 'Argument', 'spot 10', 'NaN');
    bad[31] = Number.POSITIVE_INFINITY;
    await refused(
      () => indexer.run({ spots: bad, offsets: [0, 10, 20], cells: cell }),
      'Argument',
      'spot 10 (image 1)',
      'Infinity',
    );
    await refused(() => indexer.run({ spots: spots.subarray(1), cells: cell }), 'Shape', 'three per spot');
    await refused(() => indexer.run({ spots: 'abc' as never, cells: cell }), 'Shape', 'Float32Array');
    await refused(() => indexer.run({ spots, offsets: [0, 30], cells: cell }), 'Shape', 'offsets[1] is 30');
    await refused(() => indexer.run({ spots, offsets: [0, 10], cells: cell }), 'Shape', 'end at 10', '20 spots');
    await refused(() => indexer.run({ spots, offsets: [0, 10, 5, 20], cells: cell }), 'Shape', 'offsets[2] is 5');
    await refused(
      () => indexer.run({ spots, offsets: [0, 5, 10, 20], cells: cell }),
      'Limit',
      '3 images',
      'made for 2',
    );
    await refused(
      () => indexer.run({ spots: new Float32Array(1200), cells: cell }),
      'Limit',
      '400 spots',
      'made for 300',
    );
    await refused(() => indexer.run({ spots, cells: [1, 2, 3] }), 'Shape', 'nine per cell');
    await refused(() => indexer.run({ spots, cells: [...cell, ...cell] }), 'Limit', '2 known cells');
    await refused(() => indexer.run({ spots, cells: [40, 0, 0, 80, 0, 0, 0, 0, 60] }), 'Argument', 'zero volume');
    await refused(() => indexer.run({ spots, cells: [Number.NaN, 0, 0, 0, 50, 0, 0, 0, 60] }), 'Argument', 'NaN');
    await refused(async () => (await indexer.run({ spots, cells: cell })).image(1), 'Argument', 'image 1');
  });

  it('indexer: report spots that were transferred before their turn', async () => {
    const indexer = await context.indexer();
    const first = indexer.run({ spots, cells: cell });
    const gone = spots.slice();
    const second = indexer.run({ spots: gone, cells: cell });
    structuredClone(gone, { transfer: [gone.buffer] });
    await first;
    await refused(() => second, 'Shape', 'detached');
  });

  it('indexer: accept no spots or too few spots', async () => {
    const indexer = await context.indexer({ batch: 3 });
    const result = await indexer.run({ spots: spots.subarray(0, 9), offsets: [0, 0, 3, 3], cells: cell });
    for (const i of [0, 1, 2]) {
      expect(result.image(i).indexed).toBe(false);
      expect(result.image(i).tooFewSpots).toBe(true);
    }
  });

  it('are refused after disposal, and can be disposed twice', async () => {
    const plan = await context.pi();
    const indexer = await context.indexer();
    expect(context.liveBytes).toBeGreaterThan(0);
    await indexer.dispose();
    await indexer.dispose();
    await refused(() => indexer.run({ spots, cells: cell }), 'Disposed', 'indexer was disposed');
    const running = plan.run({ points: 1e6, seed: 1 });
    const ending = context.dispose();
    expect((await running).hits).toBeGreaterThan(0n);
    await ending;
    await context.dispose();
    await refused(() => plan.run({ points: 1 }), 'Disposed', 'pi plan');
    await refused(() => context.pi(), 'Disposed', 'context');
  });
});
