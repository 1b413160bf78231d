/** Live scans from a Merlin readout: every frame counts, gaps and faults are reported, and finished results are kept. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy } from 'ewald';
import {
  Context,
  defineUdf,
  type EwaldError,
  type MerlinFault,
  type SimulateMerlinOptions,
  simulateMerlin,
  sumSigUdf,
  sumUdf,
} from 'ewald/udf';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MerlinDriver } from '../../src/udf/acquisition/merlin.node.js';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';
import { brightest, deadly } from './module.mjs';

const [navShape, sigShape] = [
  [8, 10],
  [16, 12],
] as const;
const pixels = 16 * 12;
const frames = Uint16Array.from({ length: 80 * pixels }, (_, i) => (i * 7919) % 4093);
const sums = Array.from({ length: 80 }, (_, f) =>
  frames.subarray(f * pixels, (f + 1) * pixels).reduce((a, b) => a + b, 0),
);
const raw = { format: 'raw', dtype: 'u16', sigShape, navShape } as const;
let folder: string;
let file: string;
let ctx: Context;
const open: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-merlin-'));
  file = join(folder, 'frames.raw');
  await writeFile(file, frames);
  ctx = new Context({ context: { backend: 'wasm' } });
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
afterAll(async () => {
  await ctx.close();
  await rm(folder, { recursive: true });
});

async function connected(options: SimulateMerlinOptions = {}, reconnectS = 0, context = ctx) {
  const simulator = await simulateMerlin(file, { port: 0, open: raw, ...options });
  open.push(simulator);
  const { host, port, dataPort } = simulator;
  const connection = await context.connect(`merlin://${host}:${port}`, { dataPort, reconnectS });
  open.push({ close: () => connection.dispose() });
  return { simulator, connection };
}

async function scanWith(faults: readonly MerlinFault[], reconnectS = 0) {
  const { connection } = await connected({ faults }, reconnectS);
  const scan = await connection.next();
  if (!scan) throw new Error('no acquisition');
  return { scan, connection };
}

const partialOf = (error: unknown) =>
  (error as EwaldError).detail.partial as {
    readonly results: readonly { readonly intensity: { readonly data: Float64Array } }[];
    readonly damage: Uint8Array;
  };

describe('a scan', () => {
  test('has the results of the file, and the shape that the detector states', async () => {
    const { connection } = await connected();
    const scan = await connection.next();
    expect(scan?.shape).toEqual({ nav: navShape, sig: sigShape });
    const [sum, sig] = await ctx.runUdf(scan as never, [sumUdf(), sumSigUdf()]);
    const [whole, each] = await ctx.runUdf(await ctx.load(file, raw), [sumUdf(), sumSigUdf()]);
    expect(sum.intensity.data).toEqual(whole.intensity.data);
    expect(sig.intensity.data).toEqual(each.intensity.data);
    expect(scan?.live.status).toMatchObject({ received: 80, processed: 80, waiting: 0, lost: 0, dropped: 0 });
    await refused(() => ctx.runUdf(scan as never, sumUdf()), 'Argument', 'only once');
    await refused(() => scan?.dataset.read(0, 1), 'Unsupported', 'while they arrive');
  });

  test('is the same if messages arrive in pieces of 1, 7 or 1000 bytes', { tags: 'all' }, async () => {
    for (const pieceBytes of [1000, 7, 1]) {
      const few = { ...raw, navShape: [2, 3] };
      const small = join(folder, 'few.raw');
      await writeFile(small, frames.subarray(0, 6 * pixels));
      const simulator = await simulateMerlin(small, { port: 0, open: few, pieceBytes });
      open.push(simulator);
      const connection = await ctx.connect('merlin', { port: simulator.port, dataPort: simulator.dataPort });
      open.push({ close: () => connection.dispose() });
      const scan = await connection.next();
      const { intensity } = await ctx.runUdf(scan as never, sumSigUdf());
      expect([...intensity.data], `${pieceBytes} bytes`).toEqual(sums.slice(0, 6));
    }
  });

  test('runs on workers, also if one of them dies', { tags: 'all' }, async () => {
    const workers = await Context.makeWith('workers', { cpus: 2, context: { backend: 'wasm' } });
    open.push(workers);
    const marker = join(folder, 'dead');
    for (const udf of [brightest, { ...deadly, params: { marker } }]) {
      const { connection } = await connected({}, 0, workers);
      const scan = await connection.next();
      const live = (await workers.runUdf(scan as never, udf as never)) as Record<string, { data: Float64Array }>;
      const stored = (await ctx.runUdf(await ctx.load(file, raw), udf as never)) as typeof live;
      for (const [name, { data }] of Object.entries(stored)) expect(live[name]?.data).toEqual(data);
      expect(scan?.live.status).toMatchObject({ received: 80, processed: 80 });
      await connection.dispose();
    }
    expect(existsSync(marker)).toBe(true);
  });

  test('with a region and a sync offset keeps the positions of the file', async () => {
    const { connection } = await connected();
    const scan = await connection.next({ navShape: [8, 9], syncOffset: 3 });
    const roi = Uint8Array.from({ length: 72 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const { intensity } = await ctx.runUdf(scan as never, sumSigUdf(), { roi });
    const found = [...intensity.rawData];
    expect(found).toEqual(sums.slice(3, 75).filter((_, i) => i % 5 === 0));
    expect(scan?.live.status).toMatchObject({ received: 72, lost: 0 });
  });

  test('follows another, and one without an end is cut into scans', async () => {
    const { connection } = await connected({ repeat: 2 });
    for (let i = 0; i < 2; i++) {
      const scan = await connection.next();
      const { intensity } = await ctx.runUdf(scan as never, sumSigUdf());
      expect([...intensity.data]).toEqual(sums);
    }
    expect(await connection.next({ timeoutS: 0.02 })).toBeUndefined();
    const endless = await connected({ continuous: true, frames: 100 });
    await refused(() => endless.connection.next(), 'Shape', 'has no end', 'Pass it, such as navShape: [128, 128]');
    for (let i = 0; i < 4; i++) {
      const scan = await endless.connection.next({ navShape: [4, 5] });
      const { intensity } = await ctx.runUdf(scan as never, sumSigUdf());
      expect([...intensity.data]).toEqual(sums.slice(20 * i, 20 * (i + 1)));
    }
  });

  test('has the shape of navShape, of the hook, or a square, and is refused without one', async () => {
    const shapeOf = async (given: object, more: SimulateMerlinOptions = {}) => {
      const { connection } = await connected(more);
      const scan = await connection.next(given);
      return scan?.shape.nav;
    };
    expect(await shapeOf({ navShape: [-1, 20] })).toEqual([4, 20]);
    expect(await shapeOf({ onDetermineNavShape: ({ frames: n }: { frames: number }) => [2, n / 2] })).toEqual([2, 40]);
    expect(await shapeOf({}, { frames: 49 })).toEqual([7, 7]);
    expect(await shapeOf({ navShape: [-1, -1] }, { frames: 64 })).toEqual([8, 8]);
    await refused(() => shapeOf({ navShape: [-1, 7] }), 'Shape', '80 frames', '[-1, 7]');
    await refused(() => shapeOf({}, { frames: 50 }), 'Shape', '50 frames, which are no square');
    await refused(() => shapeOf({ onDetermineNavShape: () => [3, 3] }), 'Shape', '9 positions', '80 frames');
    await refused(() => shapeOf({ navShape: [0] }), 'Argument', 'navShape is [0]');
  });

  test('warns of a shape that is not that of the acquisition, unless a sync offset is given', {
    tags: 'all',
  }, async () => {
    const notesOf = async (given: object, more: SimulateMerlinOptions = {}) => {
      const { connection } = await connected(more);
      const scan = await connection.next(given);
      return scan?.notes.map(({ kind, text }) => `${kind}: ${text}`);
    };
    expect(await notesOf({})).toEqual([]);
    expect(await notesOf({ navShape: [-1, 10] })).toEqual([]);
    expect(await notesOf({ navShape: [4, 5] })).toEqual([
      'warning: a scan of 4 × 5 has 20 positions, but the acquisition of 8 × 10 has 80 frames: only the first 20 are ' +
        'used',
    ]);
    expect(await notesOf({ navShape: [10, 10] })).toEqual([
      expect.stringContaining('the other positions have no result'),
    ]);
    expect(await notesOf({ navShape: [10, 8] })).toEqual([
      expect.stringContaining('the shape of the scan is 10 × 8, but the detector states 8 × 10'),
    ]);
    expect(await notesOf({ navShape: [8, 9], syncOffset: 3 })).toEqual([]);
    const { host, port, dataPort } = (await connected()).simulator;
    const address = ['--connect', `merlin://${host}:${port}`, '--data-port', String(dataPort)];
    const { code, err } = await ewald(['run', 'sum', ...address, '--nav-shape', '4,5']);
    expect(err).toContain('warning: a scan of 4 × 5 has 20 positions, but the acquisition of 8 × 10 has 80 frames');
    expect(code).toBe(1);
  });

  test('starts by commands, and the hook is called when frames can be received', async () => {
    const { connection } = await connected({ trigger: true });
    const calls: string[] = [];
    const scan = await connection.next({
      controller: async (control) => {
        await control.set('NUMFRAMESTOACQUIRE', 80);
        calls.push(await control.get('NUMFRAMESTOACQUIRE'));
        await control.command('STARTACQUISITION');
      },
      onReadyForData: async ({ frames: announced }) => {
        calls.push(`ready for ${announced}`);
        await connection.control?.command('SOFTTRIGGER');
      },
    });
    const { intensity } = await ctx.runUdf(scan as never, sumSigUdf());
    expect([...intensity.data]).toEqual(sums);
    expect(calls).toEqual(['80', 'ready for 80']);
    await refused(() => connection.control?.command('NONSENSE'), 'Argument', 'CMD,NONSENSE', 'does not know');
    await refused(() => connection.control?.set('A,B', 1), 'Argument', 'without commas');
  });
});

describe('a run', () => {
  test('yields partial results, whose parameters change, and stops early', async () => {
    const { connection } = await connected({ dwellUs: 4000 });
    const scan = await connection.next();
    const factor = defineUdf({
      name: 'scaled',
      params: { factor: 1 },
      buffers: { value: { kind: 'nav', dtype: 'f64' } },
      processFrame({ frame, results, params }) {
        results.value[0] = params.factor * (frame as Uint16Array).reduce((a, b) => a + b, 0);
      },
    });
    const run = ctx.runUdfIter(scan as never, factor);
    let done = 0;
    let last: Float64Array = new Float64Array();
    let first = 0;
    for await (const { buffers, damage } of run) {
      last = buffers[0].value.data as Float64Array;
      done = damage.data.reduce((a: number, b) => a + Number(b), 0);
      first ||= done;
      run.updateParameters([{ factor: 2 }]);
      if (done > first) scan?.live.stop();
    }
    expect(done).toBeLessThan(80);
    expect([...last.subarray(0, first)]).toEqual(sums.slice(0, first));
    expect([...last.subarray(first, done)]).toEqual(sums.slice(first, done).map((sum) => 2 * sum));
    expect([...last.subarray(done)].every((value) => value === 0 || Number.isNaN(value))).toBe(true);
  });

  test('with latest counts the frames that it leaves out, and is refused for results by position', async () => {
    const { connection } = await connected({ frames: 80 * 40 });
    const scan = await connection.next({ navShape: [80, 40] });
    await refused(() => ctx.runUdf(scan as never, sumSigUdf(), { latest: true }), 'Argument', 'intensity', 'latest');
    const slow = defineUdf({
      name: 'last frame',
      buffers: { last: { kind: 'sig', dtype: 'f64' }, count: { kind: 'single', dtype: 'f64' } },
      processFrame({ frame, results }) {
        results.last.set(frame as unknown as Float64Array);
        results.count[0] = (results.count[0] as number) + 1;
      },
      merge({ dest, src }) {
        dest.last.set(src.last);
        dest.count[0] = (dest.count[0] as number) + (src.count[0] as number);
      },
    });
    const { last, count } = await ctx.runUdf(scan as never, slow, { latest: true });
    const { received = 0, dropped = 0 } = scan?.live.status ?? {};
    expect(received).toBe(3200);
    expect(Number(count.data[0])).toBe(received - dropped);
    expect([...last.data]).toEqual([...frames.subarray(79 * pixels, 80 * pixels)]);
    await refused(async () => ctx.runUdf(await ctx.load(file, raw), sumUdf(), { latest: true }), 'Argument', 'live');
  });

  test('that would read twice, or with an executor of several processes, is refused', async () => {
    const { connection } = await connected();
    const scan = await connection.next();
    await refused(() => ctx.run(ctx.createClusterAnalysis(scan as never)), 'Unsupported', 'twice');
    const delayed = await Context.makeWith('delayed');
    open.push(delayed);
    await refused(() => delayed.runUdf(scan as never, sumSigUdf()), 'Unsupported', 'delayed');
  });

  test('interrupted by its signal has the finished results', async () => {
    const { connection } = await connected({ dwellUs: 3000 });
    const scan = await connection.next();
    const controller = new AbortController();
    const error = await ctx
      .runUdf(scan as never, sumSigUdf(), { signal: controller.signal, onProgress: () => controller.abort() })
      .catch((thrown) => thrown);
    expect(error.tag).toBe('Aborted');
    const { results, damage } = partialOf(error);
    const done = damage.indexOf(0);
    expect(done).toBeGreaterThan(0);
    expect([...(results[0]?.intensity.data ?? []).slice(0, done)]).toEqual(sums.slice(0, done));
  });
});

describe('faults', () => {
  const run = async (faults: readonly MerlinFault[], reconnectS = 0) => {
    const { scan, connection } = await scanWith(faults, reconnectS);
    const outcome = await ctx.runUdf(scan, sumSigUdf()).then(
      ({ intensity }) => ({ data: [...intensity.data], valid: [...intensity.rawValidMask], error: undefined }),
      (error) => {
        const { results, damage } = partialOf(error);
        return { data: [...(results[0]?.intensity.data ?? [])], valid: [...damage], error: error as EwaldError };
      },
    );
    return { ...outcome, scan, connection };
  };
  const validTo = (end: number, hole: readonly number[] = []) =>
    sums.map((_, i) => (i < end && !hole.includes(i) ? 1 : 0));

  test('a gap leaves its positions without results, and is counted', async () => {
    const { data, valid, error, scan } = await run([{ at: 30, kind: 'gap', frames: 5 }]);
    expect(error).toBeUndefined();
    expect(valid).toEqual(validTo(80, [30, 31, 32, 33, 34]));
    expect(data[35]).toBe(sums[35]);
    expect(scan.live.status).toMatchObject({ lost: 5, received: 75 });
  });

  test('a frame of which half has arrived when the run asks for frames is not lost', async () => {
    const { data, valid, error, scan } = await run([{ at: 5, kind: 'slow' }]);
    expect(error).toBeUndefined();
    expect(valid).toEqual(validTo(80));
    expect(data).toEqual(sums);
    expect(scan.live.status).toMatchObject({ received: 80, processed: 80 });
  });

  test('a connection that is closed is opened again, and the run goes on with a gap', async () => {
    const { data, valid, error, scan } = await run([{ at: 41, kind: 'half', frames: 3 }], 20);
    expect(error).toBeUndefined();
    expect(valid).toEqual(validTo(80, [41, 42, 43]));
    expect(data.slice(44)).toEqual(sums.slice(44));
    expect(scan.live.status.lost).toBe(3);
  });

  test('a connection that stays closed, a stall, garbage and another shape end the run with the position', async () => {
    const expected: readonly [MerlinFault['kind'], string, string][] = [
      ['close', 'Lost', 'closed the connection'],
      ['garbage', 'Format', 'expected MPX,'],
      ['shape', 'Format', 'began with 16 × 12'],
    ];
    for (const [kind, tag, words] of expected) {
      const { data, valid, error } = await run([{ at: 17, kind, frames: 80 }]);
      expect(error?.tag, kind).toBe(tag);
      expect(error?.message).toContain(words);
      expect(error?.message).toContain('the scan ends at position 17 of 80');
      expect(error?.detail).toMatchObject({ position: 17, frame: 17 });
      expect(valid).toEqual(validTo(17));
      expect(data.slice(0, 17)).toEqual(sums.slice(0, 17));
    }
    const { connection } = await connected({ faults: [{ at: 17, kind: 'stall' }] });
    const scan = await connection.next({ stallS: 0.05 });
    const error = await ctx.runUdf(scan as never, sumSigUdf()).catch((thrown) => thrown);
    expect(error.tag).toBe('Lost');
    expect(error.message).toContain('has arrived for 0.05 s');
    expect([...partialOf(error).damage]).toEqual(validTo(17));
  });

  test('another acquisition ends the scan, and is the next one', async () => {
    const { valid, error, scan: first, connection } = await run([{ at: 17, kind: 'restart' }]);
    expect(error).toBeUndefined();
    expect(valid).toEqual(validTo(17));
    const reason = 'the detector began another acquisition';
    expect(first.live.status).toMatchObject({ received: 17, lost: 63, reason });
    const scan = await connection.next({ syncOffset: -17 });
    const { intensity } = await ctx.runUdf(scan as never, sumSigUdf());
    expect([...intensity.data].slice(17)).toEqual(sums.slice(17));
  });

  test('after another shape the connection is still of use', async () => {
    const { connection } = await connected({ faults: [{ at: 3, kind: 'shape' }], repeat: 2 });
    const damaged = await connection.next();
    await refused(() => ctx.runUdf(damaged as never, sumSigUdf()), 'Format', 'frame 4');
    const scan = await connection.next();
    const { intensity } = await ctx.runUdf(scan as never, sumSigUdf());
    expect([...intensity.data]).toEqual(sums);
  });

  test('a detector that is killed ends the run with what had arrived', { tags: 'all' }, async () => {
    const child = fork(new URL('./merlin-process.mjs', import.meta.url), [file, '40']);
    const [{ port, dataPort }] = (await once(child, 'message')) as [{ port: number; dataPort: number }];
    const connection = await ctx.connect('merlin', { port, dataPort, reconnectS: 0 });
    open.push({ close: () => connection.dispose() });
    const scan = await connection.next();
    let done = 0;
    const onProgress = () => {
      if (done++ === 0) child.kill('SIGKILL');
    };
    const error = await ctx.runUdf(scan as never, sumSigUdf(), { onProgress }).catch((thrown) => thrown);
    expect(error.tag).toBe('Lost');
    const { results, damage } = partialOf(error);
    const end = damage.indexOf(0);
    expect(end).toBeGreaterThan(0);
    const data = [...(results[0]?.intensity.data ?? [])].slice(0, end);
    expect(data).toEqual(data.map((_, frame) => sums[frame % 80]));
  });
});

describe('ewald run --connect', () => {
  const address = ({ host, port, dataPort }: { host: string; port: number; dataPort: number }) => [
    '--connect',
    `merlin://${host}:${port}`,
    '--data-port',
    `${dataPort}`,
  ];

  test('writes the results of a scan', { tags: 'all' }, async () => {
    const simulator = await simulateMerlin(file, { port: 0, open: raw });
    open.push(simulator);
    const output = join(folder, 'live.npy');
    const { code, err, out } = await ewald(['run', 'sumsig', ...address(simulator), '-o', output, '--json']);
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ frames: 80, live: { received: 80, lost: 0 } });
    expect([...readNpy(await readFile(output)).data]).toEqual(sums);
  });

  test('ends with 1 if frames did not arrive, and gives the reason', { tags: 'all' }, async () => {
    for (const [fault, arrived, warning] of [
      [{ at: 17, kind: 'restart' }, 17, '63 frames did not arrive: the detector began another acquisition'],
      [{ at: 30, kind: 'gap', frames: 5 }, 75, '5 frames did not arrive\n'],
      [{ at: 41, kind: 'half', frames: 3 }, 77, '3 frames did not arrive\n'],
    ] as const) {
      const simulator = await simulateMerlin(file, { port: 0, open: raw, faults: [fault] });
      open.push(simulator);
      const output = join(folder, `${fault.kind}.npy`);
      const words = ['run', 'sumsig', ...address(simulator), '-o', output, '--reconnect', '20'];
      const { code, err, out } = await ewald(words);
      expect(code, err).toBe(1);
      expect(err).toContain(`warning: ${warning}`);
      expect(out).toContain(`${arrived} of 80 positions measured`);
      const { data } = readNpy(await readFile(output));
      expect([...data].filter((sum, i) => sum === sums[i])).toHaveLength(arrived);
    }
  });

  test('warns of frames that did not arrive with --json as well', { tags: 'all' }, async () => {
    const simulator = await simulateMerlin(file, { port: 0, open: raw, faults: [{ at: 17, kind: 'restart' }] });
    open.push(simulator);
    const { code, err, out } = await ewald(['run', 'sumsig', ...address(simulator), '--json']);
    expect(code, err).toBe(1);
    expect(err).toContain('warning: 63 frames did not arrive: the detector began another acquisition');
    const reason = 'the detector began another acquisition';
    expect(JSON.parse(out)).toMatchObject({ frames: 17, live: { lost: 63, reason } });
  });

  test('keeps what was finished if it is interrupted, or if the detector is gone', { tags: 'nightly' }, async () => {
    for (const [name, faults] of [
      ['interrupted', [{ at: 50, kind: 'stall' }]],
      ['gone', [{ at: 50, kind: 'close', frames: 80 }]],
    ] as const) {
      const simulator = await simulateMerlin(file, { port: 0, open: raw, faults });
      open.push(simulator);
      const output = join(folder, `${name}.npy`);
      const words = [
        'run',
        'sumsig',
        ...address(simulator),
        '-o',
        output,
        '--reconnect',
        '0',
        ...(name === 'gone' ? ['--json'] : []),
      ];
      const sent = { interruptWhen: () => simulator.sent === 50 && performance.now() - since(simulator) > 1000 };
      const { code, err, out } = await ewald(words, name === 'interrupted' ? sent : {});
      expect(code, err).toBe(name === 'interrupted' ? 130 : 1);
      if (name === 'gone') {
        expect(err).toContain(`The results of 50 of 80 positions are in ${output}`);
        // A program that reads the record has it when the detector is gone as well.
        expect(JSON.parse(out)).toMatchObject({
          frames: 50,
          files: [output, `${output}.json`],
          results: [{ name: 'intensity', min: Math.min(...sums.slice(0, 50)) }],
          live: { received: 50 },
          error: expect.stringContaining(output),
        });
      }
      const { data } = readNpy(await readFile(output));
      expect([...data]).toEqual(sums.map((sum, i) => (i < 50 ? sum : Number.NaN)));
      if (name === 'interrupted') expect(out).toContain('50 of 80 positions measured; the others are NaN');
    }
  });
});

/** When all frames of a simulator had been sent. */
const sentAt = new Map<object, number>();
function since(simulator: object): number {
  const known = sentAt.get(simulator) ?? performance.now();
  sentAt.set(simulator, known);
  return known;
}

test('a simulated detector sends frames from the next port, and another port has to be named', async () => {
  const simulator = await simulateMerlin(file, { port: 0, open: raw });
  open.push(simulator);
  expect(simulator.dataPort).toBe(simulator.port + 1);
  const { host, port } = simulator;
  const named = { host, port, dataPort: await freePort() };
  await refused(
    () => ctx.connect('merlin', named),
    'File',
    `${host}:${named.dataPort} cannot be reached`,
    `frames come from the port after that of the commands, ${port}, unless dataPort names another one`,
  );
});

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a frame whose number starts again has its index, however often it is asked for room', () => {
  const driver = new MerlinDriver({ host: 'localhost', port: 1, dataPort: 2 } as never);
  driver.acquisition({ frames: undefined, values: new Map() } as never);
  const asked: number[] = [];
  let room: Uint8Array | undefined = new Uint8Array(1);
  driver.deliver({
    ...{ open: true, commit: () => undefined, place: () => room },
    continues: (index: number) => asked.push(index) > 0,
  } as never);
  const send = (number: number): void => {
    if (driver.frame({ number } as never, {} as never)) driver.received({ number } as never);
  };
  for (const number of [999_998, 999_999]) send(number);
  room = undefined;
  for (let i = 0; i < 3; i++) send(0);
  room = new Uint8Array(1);
  for (const number of [0, 1]) send(number);
  expect(asked).toEqual([0, 1, 2, 2, 2, 2, 3]);
});

describe('bad input', () => {
  test('addresses and options are refused', async () => {
    await refused(() => ctx.connect('merlyn'), 'Argument', 'did you mean "merlin"');
    await refused(() => ctx.connect('merlin://host:99999'), 'Argument', 'merlin://host:port');
    await refused(() => ctx.connect('merlin', { prot: 1 } as never), 'Argument', 'did you mean "port"');
    await refused(() => ctx.connect('merlin', { reconnectS: -1 }), 'Argument', 'reconnectS');
    const { connection } = await connected();
    await refused(() => connection.next({ stallS: Number.NaN }), 'Argument', 'stallS');
    await refused(() => connection.next({ navshape: [1] } as never), 'Argument', 'did you mean "navShape"');
    await connection.dispose();
    await refused(() => connection.next(), 'Disposed');
  });

  test('a port without a detector, and a server that is none, are errors', async () => {
    const server = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const connection = await ctx.connect('merlin', { port: 1, dataPort: port });
    await refused(() => connection.next({ timeoutS: 20 }), 'Format', 'expected MPX,');
    await connection.dispose();
    server.close();
    await once(server, 'close');
    await refused(() => ctx.connect('merlin', { port: 1, dataPort: port }), 'File', `127.0.0.1:${port}`);
    await refused(
      () => simulateMerlin(file, { port: 0, open: { ...raw, dtype: 'f32', navShape: [40] } }),
      'Unsupported',
      'u8, u16 or u32',
    );
  });
});
