/** A scan that the server computes for its pages: the numbers are those of a run to the bit, and pages share the work. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { runToFiles } from 'ewald/shell';
import { type Calibration, Context } from 'ewald/udf';
import { serveView } from 'ewald/view';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ComputeAnswers, type ComputeHead } from '../../src/server/compute/answers.js';
import { ComputedScan } from '../../src/server/compute/computed-scan.js';
import { Jobs } from '../../src/server/compute/jobs.js';
import { PassQueue } from '../../src/server/compute/pass-queue.js';
import { calibratedRun } from '../../src/stem/analyses/calibrated-run.js';
import { runOfShape, type VirtualShape } from '../../src/stem/analyses/virtual-run.js';
import { imageOf, sentBytes } from '../../src/stem/images/sent-image.js';
import { knownAnalyses } from '../../src/stem/parameters.js';
import { simulatedScan } from '../stem/calibrate/simulated-scan.mjs';
import { known, scanOf } from '../stem/strain-scan.js';

const [rows, columns, n] = [14, 12, 48];
const simulated = simulatedScan({
  ...{ kind: 'amorphous', rows, columns, n, radius: 10, dose: 400, rotation: 30, seed: 5, step: 2 },
  centre: [1, -2],
});
const counts = Uint16Array.from(simulated.frames);
const ctx = new Context();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-there-'));
  const reals = Float32Array.from(counts, (value) => value / 7);
  const shape = [rows, columns, n, n];
  writeFileSync(at('f32.npy'), formatNpy({ shape, data: reals, complex: false }));
  const head = `{'descr': '<u2', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117);
  writeFileSync(
    at('u16.npy'),
    Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
      Buffer.from(`${head}\n`),
      Buffer.from(counts.buffer),
    ]),
  );
});
afterAll(async () => {
  await ctx.close();
  rmSync(folder, { recursive: true });
});

/** A page without a browser. */
async function visiting(url: string) {
  const { origin, searchParams } = new URL(url);
  const headers = { Authorization: `Bearer ${searchParams.get('token')}` };
  const ask = (path: string, given: Record<string, unknown> = {}) =>
    fetch(`${origin}/${path}?${new URLSearchParams(Object.entries(given).map(([k, v]) => [k, String(v)]))}`, {
      headers,
    });
  /** All of an answer. */
  const whole = async (name: string, q: object, more: Record<string, unknown> = {}) => {
    for (let after = 0; ; ) {
      const answer = await ask(`compute/${name}`, { client: 'a', slot: 0, ...more, after, q: JSON.stringify(q) });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (!answer.ok) throw new Error(`${answer.status} ${new TextDecoder().decode(bytes)}`);
      const end = bytes.indexOf(10);
      const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as ComputeHead;
      after = head.version;
      if (!head.isWhole) continue;
      let from = end + 1;
      const images = head.images.map((one) => {
        const length = sentBytes(one);
        from += length;
        return imageOf(one, bytes.subarray(from - length, from));
      });
      return { head, images, size: bytes.length };
    }
  };
  return { ask, whole };
}

const shapes: readonly VirtualShape[] = [
  { kind: 'disk', cx: 24.5, cy: 25.5, outer: 9.25, inner: 3 },
  { kind: 'disk', cx: 21.3, cy: 27.1, outer: 4, inner: 3 },
  { kind: 'ring', cx: 24.1, cy: 22.5, outer: 14, inner: 8.5 },
  { kind: 'point', cx: 20.2, cy: 25.9, outer: 1, inner: 0 },
];
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const bits = (numbers: ArrayLike<number>): bigint[] => [...new BigUint64Array(Float64Array.from(numbers).buffer)];

describe('images that the server computes', () => {
  // Each analysis from memory and from the file, of integers and of reals.
  test.each([
    ['u16.npy', undefined],
    ['u16.npy', 0],
    ['f32.npy', undefined],
  ] as const)('of %s with a memory of %s are those of a run to the bit', { tags: 'all' }, async (file, memory) => {
    const { url, close } = await serveView([at(file)], { compute: 'there', ...(memory !== undefined && { memory }) });
    try {
      const { whole } = await visiting(url);
      const loaded = await whole('load', { shape: shapes[0] });
      expect(loaded.head.isResident).toBe(memory === undefined);
      const scan = await ctx.load(at(file));
      const calibration = (await whole('calibration', { optics: {} })).head.calibration as Calibration;
      expect(calibration).toEqual(JSON.parse(JSON.stringify(await ctx.calibrate(scan))));
      const { scanRotation, flipY } = calibration.rotation as { scanRotation?: number; flipY?: boolean };
      for (const analysis of ['sum', 'com', 'icom'] as const)
        for (const shape of shapes)
          for (const optics of [undefined, {}]) {
            const run = runOfShape(shape, analysis, optics ? { scanRotation, flipY } : {});
            if (!run) continue;
            const { method } = knownAnalyses[run.name];
            const made = (ctx[method] as (...given: unknown[]) => never)(scan, run.options);
            const { results } = await runToFiles(ctx, scan, { analyses: [made] });
            for (const { name, data, vectors } of results) {
              const q = { analysis, channel: name, shape, optics, exact: true };
              const { images } = await whole('image', q);
              const got = vectors
                ? Float64Array.from({ length: data.length }, (_, i) => images[i % 2]?.[i >> 1] as number)
                : (images[0] as Float64Array);
              expect(bits(got), `${analysis} ${name} ${shape.kind}`).toEqual(bits(data as Float64Array));
            }
          }
      for (const analysis of ['polar', 'bragg', 'ssb'] as const) {
        const optics = analysis === 'ssb' ? { voltage: 300, semiconv: 10, dpix: 0.05 } : {};
        const made = calibratedRun(analysis, [ctx as never, scan as never], calibration, optics) as never;
        const { results, notes } = await runToFiles(ctx, scan, { analyses: [made] });
        expect(results, analysis).not.toEqual([]);
        for (const { name, data } of results) {
          const { images, head } = await whole('image', { analysis, channel: name, optics, exact: true });
          expect(bits(images[0] as Float64Array), `${analysis} ${name}`).toEqual(bits(data as Float64Array));
          expect(head.notes).toEqual(expect.arrayContaining([...notes]));
        }
      }
    } finally {
      await close();
    }
  });

  test('of strain are those of a run to the bit', { tags: 'all' }, async () => {
    const lattice = scanOf({ ...known, n: 6 });
    const shape = [6, 6, known.sig, known.sig];
    writeFileSync(at('strain.npy'), formatNpy({ shape, data: Float32Array.from(lattice), complex: false }));
    const { url, close } = await serveView([at('strain.npy')], { compute: 'there' });
    try {
      const { whole } = await visiting(url);
      const scan = await ctx.load(at('strain.npy'));
      const calibration = await ctx.calibrate(scan);
      const made = calibratedRun('strain', [ctx as never, scan as never], calibration, {}) as never;
      const { results } = await runToFiles(ctx, scan, { analyses: [made] });
      expect(results.map(({ name }) => name)).toEqual(expect.arrayContaining(['exx', 'eyy', 'exy', 'theta']));
      for (const { name, data } of results) {
        const { images } = await whole('image', { analysis: 'strain', channel: name, optics: {}, exact: true });
        expect(bits(images[0] as Float64Array), name).toEqual(bits(data as Float64Array));
      }
    } finally {
      await close();
    }
  });

  test('of centres of mass in a disk that moves are those of a run within what they state', async () => {
    const { url, close } = await serveView([at('u16.npy')], { compute: 'there' });
    try {
      const { whole } = await visiting(url);
      await whole('load', { shape: shapes[0] });
      const all = { com: ['field', 'magnitude', 'divergence', 'curl', 'x', 'y'], icom: ['phase', 'x'] };
      for (const [analysis, channels] of Object.entries(all))
        for (const channel of channels)
          for (const optics of [undefined, {}])
            for (const shape of shapes.slice(0, 3)) {
              const q = { analysis, channel, shape, optics };
              const exact = await whole('image', { ...q, exact: true });
              const moving = await whole('image', q, { room: 4000 });
              expect(moving.images).toHaveLength(exact.images.length);
              for (const [k, image] of exact.images.entries()) {
                const { error, block } = moving.head.images[k] as { error: number; block: number };
                expect(block).toBe(1);
                const most = Math.max(...image.filter(Number.isFinite).map(Math.abs));
                for (const [i, value] of image.entries()) {
                  const got = moving.images[k]?.[i] as number;
                  const words = `${channel} of ${analysis} in a ${shape.kind} at ${i}: ${got} for ${value} ± ${error}`;
                  expect(
                    Number.isNaN(value) ? Number.isNaN(got) : Math.abs(got - value) <= error + 1e-9 * most,
                    words,
                  ).toBe(true);
                }
              }
            }
    } finally {
      await close();
    }
  });

  test('move in few bytes, and are refused for what is no question', async () => {
    const { url, close } = await serveView([at('u16.npy')], { compute: 'there' });
    try {
      const { ask, whole } = await visiting(url);
      const facts = await (await ask('session.json')).json();
      expect(facts.compute).toMatchObject({ where: 'there', bytes: 2 * counts.length, fits: true });
      await whole('load', { shape: shapes[0] });
      const exact = await whole('image', { analysis: 'com', channel: 'divergence', shape: shapes[0], exact: true });
      const moving = await whole('image', { analysis: 'com', channel: 'divergence', shape: shapes[0] }, { room: 100 });
      const error = moving.head.images[0]?.error ?? 0;
      expect(error).toBeGreaterThan(0);
      for (const [i, value] of (moving.images[0] as Float64Array).entries())
        if (!Number.isNaN(value))
          expect(Math.abs(value - (exact.images[0]?.[i] as number))).toBeLessThanOrEqual(error * 1.001);
      expect(moving.size).toBeLessThan(0.6 * exact.size);
      const pattern = await whole('pattern', { region: [3, 2, 1, 1] });
      const frame = (3 * columns + 2) * n * n;
      expect([...(pattern.images[0] as Float64Array)]).toEqual([...counts.subarray(frame, frame + n * n)]);
      for (const [path, q] of [
        ['compute/image', { analysis: 'sum', shape: { kind: 'disk', cx: 'x' } }],
        ['compute/image', { analysis: 'constructor' }],
        ['compute/image', []],
        ['compute/image', null],
        ['compute/pattern', { region: [0, 0, 1e9, 1] }],
        ['compute/calibration', { optics: { voltage: -1 } }],
      ] as const)
        expect((await ask(path, { q: JSON.stringify(q) })).status, JSON.stringify(q)).toBe(400);
      expect((await ask('compute/image', { q: '{' })).status).toBe(400);
      expect((await ask('compute/constructor')).status).toBe(404);
      const { origin } = new URL(url);
      expect((await fetch(`${origin}/compute/load`)).status).toBe(403);
    } finally {
      await close();
    }
  });

  test('of frames are the sums, means and maxima of those that are asked for', async () => {
    const frames = Float32Array.from({ length: 5 * 6 * 7 }, (_, i) => ((i * 7919) % 101) / 3 - 9);
    writeFileSync(at('frames.npy'), formatNpy({ shape: [5, 6, 7], data: frames, complex: false }));
    const { url, close } = await serveView([at('frames.npy')], { compute: 'there' });
    try {
      const { ask, whole } = await visiting(url);
      const { compute } = (await (await ask('session.json')).json()) as { compute: object };
      expect(compute).toMatchObject({ kind: 'frames', where: 'there', bytes: frames.byteLength });
      const of = {
        sum: (v: number[]) => total(v),
        mean: (v: number[]) => total(v) / v.length,
        maximum: (v: number[]) => Math.max(...v),
      };
      for (const [kind, combine] of Object.entries(of)) {
        const { images, head } = await whole('stack', { first: 1, count: 3, kind });
        expect(head.images[0]?.shape).toEqual([6, 7]);
        const expected = Array.from({ length: 42 }, (_, i) =>
          Math.fround(combine([1, 2, 3].map((k) => frames[42 * k + i] as number))),
        );
        expect([...(images[0] as Float64Array)], kind).toEqual(expected);
      }
      for (const q of [
        { first: 3, count: 3, kind: 'sum' },
        { first: -1, count: 1, kind: 'sum' },
        { first: 0, count: 1, kind: 'x' },
        {},
      ])
        await expect(whole('stack', q), JSON.stringify(q)).rejects.toThrow(/^400 /);
      await expect(whole('image', { analysis: 'sum', shape: shapes[0] })).rejects.toThrow(/^404/);
    } finally {
      await close();
    }
  });

  test('begin with a few positions before a page asks, which every page sees of a scan that stays in its file', async () => {
    const { url, close } = await serveView([at('u16.npy')], { compute: 'there', memory: 0 });
    try {
      const { ask, whole } = await visiting(url);
      await ask('session.json');
      for (const client of ['a', 'b']) {
        const { head, images } = await whole('load', { shape: shapes[0] }, { client });
        expect(head).toMatchObject({ every: 1, isResident: false });
        expect(images[0]).toHaveLength(rows * columns);
      }
    } finally {
      await close();
    }
  });

  test('are refused for files that only the page shows', async () => {
    writeFileSync(at('waves.npy'), formatNpy({ shape: [3, n, n], data: new Float32Array(6 * n * n), complex: true }));
    const there = { compute: 'there' } as const;
    await expect(serveView([at('waves.npy')], there)).rejects.toThrow(
      /of real numbers, and .*waves.npy has none; omit it/,
    );
    await expect(serveView([at('u16.npy')], { ...there, roi: '0:2,0:2' })).rejects.toThrow(/whole scans.*omit roi/);
    await expect(serveView([folder], { ...there, roi: '0:2,0:2' })).rejects.toThrow(/whole scans and frames/);
    // Nothing is said where it was not asked for.
    const { url, close } = await serveView([at('waves.npy')]);
    const { ask } = await visiting(url);
    expect((await (await ask('session.json')).json()).compute).toBeUndefined();
    await close();
  });

  test('are answered to one page while forty others do not read theirs', { tags: 'all' }, async () => {
    const { url, close } = await serveView([at('u16.npy')], { compute: 'there' });
    const { hostname, port, searchParams } = new URL(url);
    const sockets = Array.from({ length: 40 }, (_, i) => {
      const q = encodeURIComponent(JSON.stringify({ analysis: 'icom', shape: shapes[i % 3], exact: true }));
      const socket = connect(Number(port), hostname).pause();
      for (let k = 0; k < 8; k++)
        socket.write(
          `GET /compute/image?client=s${i}&slot=${k}&q=${q} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
            `Authorization: Bearer ${searchParams.get('token')}\r\n\r\n`,
        );
      return socket;
    });
    try {
      const { whole } = await visiting(url);
      await whole('load', { shape: shapes[0] });
      for (const shape of shapes)
        expect((await whole('image', { analysis: 'sum', shape, exact: true })).images[0]).toHaveLength(rows * columns);
    } finally {
      for (const socket of sockets) socket.destroy();
      await close();
    }
  });
});

test('a client that leaves in a long pass ends it, and a newer question takes the place of the one that waits', async () => {
  // A sparse file, which no pass is through before the client leaves.
  writeFileSync(at('long.raw'), '');
  truncateSync(at('long.raw'), 2 ** 36);
  const opening = { dtype: 'u16', sigShape: [256, 256], navShape: [1024, 512] };
  const own = new Context();
  const options = { input: at('long.raw'), opening, calibration: undefined, maxBytes: 0 };
  const scan = await ComputedScan.open(own as never, options);
  if (!scan) throw new Error('no scan');
  const answers = new ComputeAnswers(scan);
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://here');
    answers.answer(request, response, pathname, searchParams).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const ask = (q: object, signal?: AbortSignal) =>
    fetch(
      `http://127.0.0.1:${port}/compute/image?${new URLSearchParams({ client: 'a', slot: '0', q: JSON.stringify(q) })}`,
      {
        signal: signal ?? null,
      },
    );
  try {
    const [disk, , ring] = shapes;
    const first = ask({ analysis: 'sum', shape: disk });
    await expect.poll(() => answers.running).toBe(1);
    const leaving = new AbortController();
    const second = ask({ analysis: 'sum', shape: ring }, leaving.signal).catch(() => undefined);
    expect((await first).status).toBe(409);
    expect(answers.running).toBe(1);
    leaving.abort();
    await second;
    await expect.poll(() => answers.running).toBe(0);
    await expect.poll(() => scan.passes.isIdle, { timeout: 20_000 }).toBe(true);
  } finally {
    server.close();
    await answers.close();
  }
});

describe('jobs of pages', () => {
  const never = () => ({ left: new AbortController().signal, late: new AbortController().signal });
  /** Work that lasts until it is aborted or ended. */
  function lasting() {
    let resolve: (value: string) => void = () => undefined;
    const promise = new Promise<string>((settle) => {
      resolve = settle;
    });
    const seen: { signal?: AbortSignal; starts: number; tell?: (done: number, value?: string) => void } = { starts: 0 };
    const work = (signal: AbortSignal, tell: (done: number, value?: string) => void): Promise<string> => {
      Object.assign(seen, { signal, tell });
      seen.starts++;
      return promise;
    };
    return { seen, work, resolve: (value: string) => resolve(value) };
  }

  test('are computed once for several pages, and end when the last page has asked for something else', async () => {
    const jobs = new Jobs<string>();
    const { seen, work } = lasting();
    const first = jobs.ask(['a', 'k', 0], work, never());
    const second = jobs.ask(['b', 'k', 0], work, never());
    expect(seen.starts).toBe(1);
    seen.tell?.(0.5, 'half');
    expect((await first)?.value).toBe('half');
    expect((await second)?.done).toBe(0.5);
    const other = lasting();
    void jobs.ask(['a', 'other', 0], other.work, never());
    expect(seen.signal?.aborted).toBe(false);
    const newer = jobs.ask(['b', 'other', 0], other.work, never());
    expect(seen.signal?.aborted).toBe(true);
    other.resolve('whole');
    expect(await newer).toMatchObject({ isWhole: true, value: 'whole', done: 1 });
    expect(jobs.running).toBe(0);
  });

  test('a newer request of a place takes the place of the one that waits', async () => {
    const jobs = new Jobs<string>();
    const [old, young] = [lasting(), lasting()];
    const waiting = jobs.ask(['a', 'old', 0], old.work, never());
    const next = jobs.ask(['a', 'young', 0], young.work, never());
    expect(await waiting).toBeUndefined();
    expect(old.seen.signal?.aborted).toBe(true);
    young.resolve('new');
    expect((await next)?.value).toBe('new');
  });

  test('a page that leaves during a long pass ends it', async () => {
    const jobs = new Jobs<string>();
    const { seen, work } = lasting();
    const left = new AbortController();
    const waiting = jobs.ask(['a', 'k', 0], work, { ...never(), left: left.signal });
    left.abort();
    expect(await waiting).toBeUndefined();
    expect(seen.signal?.aborted).toBe(true);
    expect(jobs.running).toBe(0);
  });
});

test('analyses that are asked for at the same time share one pass, and each ends by itself', async () => {
  const scan = ctx.fromMemory(counts, { navShape: [rows, columns], sigShape: [n, n] });
  const queue = new PassQueue(ctx as never, scan as never);
  const ending = new AbortController();
  const run = (analysis: unknown, { signal } = new AbortController()) =>
    queue.run(analysis as never, signal, () => undefined);
  const com = ctx.createComAnalysis(scan, { maskRadius: 9 });
  const given = run(ctx.createSumSigAnalysis(scan), ending);
  const refused = expect(given).rejects.toThrow();
  ending.abort();
  const [sums, shifts] = await Promise.all([run(ctx.createSumSigAnalysis(scan)), run(com)]);
  await refused;
  expect(queue.passes).toBe(1);
  const { results } = await runToFiles(ctx, scan, { analyses: [com] });
  expect(shifts.results.map(({ name }) => name)).toEqual(results.map(({ name }) => name));
  expect(bits(shifts.results[1]?.data as Float64Array)).toEqual(bits(results[1]?.data as Float64Array));
  expect(sums.results[0]?.data).toHaveLength(rows * columns);
});
