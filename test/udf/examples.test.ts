/** The examples print the expected output, and the first function of the README runs unchanged. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { goldenFrames } from './golden.js';
import { clang, compileC } from './wasm/compile.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const node = async (file: string, args: readonly string[] = [], cwd = root): Promise<string> =>
  (await promisify(execFile)(process.execPath, [file, ...args], { cwd })).stdout;
const example = (name: string, ...args: string[]): Promise<string> => node(join(root, 'examples/udf', name), args);

// 256 frames of a disk of 100 on a background of ones, summed here directly.
const total = (): number => {
  let sum = 0;
  for (let n = 0; n < 256; n++) {
    const [cy, cx] = [15.5 + Math.sin(n / 16), 15.5 + Math.cos((n % 16) / 4)];
    for (let i = 0; i < 1024; i++) sum += (Math.floor(i / 32) - cy) ** 2 + ((i % 32) - cx) ** 2 <= 25 ? 100 : 1;
  }
  return sum;
};

describe('examples/udf', () => {
  test('basic', async () => {
    const out = await example('basic.mjs');
    expect(out).toContain('scan 16 x 16, frames 32 x 32 u16');
    expect(out).toContain('done\ndisk: 16 x 16');
    expect(out).toMatch(/centre of mass: 0\.\d+, -?0\.\d+/);
  });
  test('first-udf', async () => expect(await example('first-udf.mjs')).toBe('brightest: 16 x 16 f32, first 100\n'));
  test('executors', { tags: 'all' }, async () => {
    const sum = total();
    expect(await example('executors.mjs')).toBe(`inline: ${sum}\nworkers: ${sum}\ndelayed: ${sum}\n`);
  });
  test('disks', { tags: 'all' }, async () => {
    const [strain = '', disks] = (await example('disks.mjs')).split('\n');
    const found = (strain.match(/-?\d+\.\d+/g) ?? []).map(Number);
    // It grows by 0.125 % a position.
    expect(found).toHaveLength(8);
    for (const [i, percent] of found.entries()) expect(Math.abs(percent - 0.125 * i)).toBeLessThan(0.15);
    expect(disks).toBe('disks used at the first position: 9');
  });
  test('phase', { tags: 'all' }, async () =>
    expect(await example('phase.mjs')).toMatch(
      /^iCoM: from -0\.2\d to 0\.7\d, .*\nhologram: side band 12,8, phase 1\.0 in the left half, 0\.0 right\n$/,
    ),
  );
  test('ssb', { tags: 'all' }, async () => {
    const found = (await example('ssb.mjs')).match(/-?\d\.\d+/g)?.map(Number) ?? [];
    // The object is ±0.1 there, to first order.
    expect(found.map((value) => Math.round(10 * value))).toEqual([1, -1]);
  });
  test('live', async () =>
    expect(await example('live.mjs')).toBe(
      'scan 16 x 16: 256 received, 0 lost, 0 skipped\nframe 8 has counts in the virtual detector\n',
    ));
  test('corrections', async () =>
    // The mean of 0 … 63, and the root of (64² − 1) / 12.
    expect(await example('corrections.mjs')).toBe(
      'mean 31.5 and deviation 18.47: true\nframe 7: 7 to 7 in every pixel\n',
    ));
  test('methods', { tags: 'all' }, async () => {
    const lines = (await example('methods.mjs')).trimEnd().split('\n');
    const found = /^(\w+): (0\.\d{3}) in row 0, 0\.000 in row 1, 4 partitions$/;
    const [inline, workers] = lines.map((line) => found.exec(line));
    expect([inline?.[1], workers?.[1]], lines.join()).toEqual(['inline', 'workers']);
    expect(workers?.[2]).toBe(inline?.[2]);
    // Most of the power of a disk is at low frequencies.
    expect(Number(inline?.[2])).toBeLessThan(0.2);
    expect(Number(inline?.[2])).toBeGreaterThan(0.01);
  });
  test('resident', { tags: 'all' }, async () =>
    expect(await example('resident.mjs')).toMatch(/^disk at 12 and at 13: (\d+), (?!\1)\d+; the same .*: true\n$/),
  );
  test('custom', { tags: 'all' }, async () =>
    // The excluded pixel has the mean of its neighbours, n.
    expect(await example('custom.mjs')).toBe('inline: 4 x 4, sums 0 to 810.000\nworkers: 4 x 4, sums 0 to 810.000\n'),
  );
  test('record', { tags: 'all' }, async () => {
    const line = '64 processed, 0 lost; the recorded file has the same sums: true\n';
    expect(await example('record.mjs')).toBe(`inline: ${line}workers: ${line}`);
  });
  test('sparse', { tags: 'all' }, async () => {
    // Frame 0 has the pixels 83 k mod 1024, of which the counts are 1 to 4 by rank.
    const pixels = Array.from({ length: 12 }, (_, k) => (83 * k) % 1024).sort((a, b) => a - b);
    const centre = (of: (p: number) => number) =>
      pixels.reduce((sum, p, k) => sum + of(p) * (1 + (k % 4)), 0) / pixels.reduce((sum, _, k) => sum + 1 + (k % 4), 0);
    const [y, x] = [(p: number) => Math.floor(p / 32), (p: number) => p % 32].map((of) => centre(of).toFixed(2));
    const line = `6 pixels, ${64 * 30} counts, first centre ${y}, ${x}\n`;
    expect(await example('sparse.mjs')).toBe(`pixels, sparse: as dense\ninline: ${line}workers: ${line}`);
  });
  test('devices', { tags: 'all' }, async () =>
    expect(await example('devices.mjs')).toBe(`default-cpu-0, default-cpu-1\ndevices: ${total()}\n`),
  );
  test('wgsl', { tags: 'all' }, async () => {
    const out = await example('wgsl.mjs');
    expect(out).toMatch(/^(value: WGSL differs by 0\nabove: WGSL differs by 0|no WebGPU here: JavaScript does it)\n/);
    expect(out).toContain('brightest 63 above 40 at the first pixel: 7\n');
  });
  test.skipIf(!clang)('wasm', { tags: 'all' }, async () => {
    compileC(join(root, 'examples/udf/variance.c'), join(root, 'examples/udf/variance.wasm'), {
      flags: ['-msimd128', '-mbulk-memory'],
    });
    const out = await example('wasm.mjs');
    expect(out).toContain('variance: module and JavaScript agree\n');
    const values = [...out.matchAll(/position 0: (\S+),/g)].map(([, value]) => Number(value));
    // The pixels of ring 5 of the first frame, summed here directly.
    const ring = Array.from({ length: 4096 }, (_, i) => i).filter(
      (i) => Math.floor(Math.hypot(Math.floor(i / 64) - 32, (i % 64) - 32)) === 5,
    );
    const numbers = ring.map((i) => (i * 7919) % 1000);
    const mean = numbers.reduce((a, b) => a + b) / numbers.length;
    const variance = numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / numbers.length;
    expect(values).toEqual([Number(variance.toFixed(3)), Number(variance.toFixed(3))]);
  });
  test.skipIf(!natsPresent)('cluster', { tags: 'all' }, async () => {
    const server = await new NatsServer().start();
    const joined = new WorkerProcess(server.url);
    try {
      await joined.joined();
      expect(await example('cluster.mjs', server.url)).toBe(`cluster: ${total()}\n`);
    } finally {
      joined.kill();
      await joined.ended();
      await server.stop();
    }
  });
});

test('the function of the README, exactly as printed there', async () => {
  const text = await readFile(join(root, 'src/udf/README.md'), 'utf8');
  const code = (/(?:^ {4}.*\n)+/m.exec(text)?.[0] ?? '').replace(/^ {4}/gm, '');
  expect(code).toContain('defineUdf');
  // Inside the repository, so that imports of the package by name resolve.
  const folder = await mkdtemp(join(root, 'build/readme-'));
  try {
    await writeFile(join(folder, 'scan.raw'), goldenFrames());
    const there = code.replace(
      "'scan.mib'",
      "'scan.raw', { format: 'raw', dtype: 'u16', sigShape: [8, 10], navShape: [6, 5] }",
    );
    await writeFile(
      join(folder, 'first.mjs'),
      `${there}\nconsole.log(value.shape.join(), value.data[0], value.data.constructor.name);\nawait ctx.close();\n`,
    );
    const most = Math.max(...goldenFrames().subarray(0, 80));
    expect(await node('first.mjs', [], folder)).toBe(`6,5 ${most} Float32Array\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
