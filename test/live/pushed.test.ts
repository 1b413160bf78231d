/** Frames that a program pushes into a run, as an iterable of inputs: what happens at each fault of the program. */
import {
  type Context,
  createContext,
  formatGeometry,
  formatNpy,
  type PipelineItem,
  type PipelineOptions,
  type PushedRun,
  parseGeometry,
  type RunEvent,
} from 'ewald';
import { type Dataset, memoryDataset } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { node, root } from '../platform/processes.js';

const geometry = parseGeometry(
  'photon_energy = 9000\nadu_per_eV = 1\nclen = 0.1\nres = 10000\np0/min_fs = 0\np0/max_fs = 63\np0/min_ss = 0\n' +
    'p0/max_ss = 63\np0/corner_x = -32\np0/corner_y = -32\np0/fs = x\np0/ss = y\n',
);
let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

interface Pushed {
  readonly dataset: Dataset;
  readonly filename: string;
}
const sized = (side: number, filename: string, frames = 1): Pushed => ({
  dataset: memoryDataset(new Uint16Array(side * side * frames), {
    navShape: [frames],
    sigShape: [side, side],
  }) as Dataset,
  filename,
});
const usual = (inputs: AsyncIterable<Pushed>): PipelineOptions =>
  ({ inputs, geometry, cells: [], peaks: { threshold: 10, minSnr: 5 }, firstFramesTimeoutS: 0 }) as PipelineOptions;

/** The items of a run, its warnings, and what it has thrown. */
async function ran(options: PipelineOptions) {
  const [items, warnings]: [PipelineItem[], string[]] = [[], []];
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'warning') warnings.push(event.text);
  };
  const thrown = await (async () => {
    for await (const item of context.pipeline({ ...options, onEvent })) items.push(item);
  })().catch((error: unknown) => error as Error);
  return { items, warnings, thrown, names: items.map(({ origin }) => origin.filename) };
}

describe('pushed frames', () => {
  test('beside Files of something else are searched, and each of those is an item with its error', async () => {
    const others = { 'notes.txt': 'hello', 'a.json': '{"a": 1}', 'run.geom': formatGeometry(geometry) };
    const { names, items, thrown } = await ran(
      usual(
        (async function* () {
          yield sized(64, 'a');
          for (const [name, text] of Object.entries(others)) yield new File([text], name) as never;
          yield sized(64, 'b');
        })(),
      ),
    );
    expect(thrown).toBeUndefined();
    expect(names).toEqual(['a', ...Object.keys(others), 'b']);
    expect(items.map(({ error }) => error?.tag)).toEqual([undefined, 'Format', 'Format', 'Format', undefined]);
    expect(items[1]?.error?.message).toMatch(/^notes\.txt .*text file, which holds no frames/s);
  });

  test('of another size, or unreadable, are counted, and the others are searched', async () => {
    const broken = sized(64, 'broken');
    const read = (): never => {
      throw new Error('the program has lost it');
    };
    const dataset = new Proxy(broken.dataset, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (name === 'read' || typeof name === 'symbol') return name === 'read' ? read : undefined;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { items, names, thrown } = await ran(
      usual(
        (async function* () {
          yield sized(64, 'a');
          yield sized(32, 'small');
          yield { dataset, filename: 'broken' };
          yield sized(64, 'b');
        })(),
      ),
    );
    expect(thrown).toBeUndefined();
    expect(names).toEqual(['a', 'small', 'broken', 'b']);
    expect(items.map(({ error }) => error?.tag)).toEqual([undefined, 'Shape', expect.any(String), undefined]);
    expect(items[1]?.error?.message).toMatch(/32.*64|64.*32/s);
  });

  test('whose header states another distance or centre fail alone, unless a geometry is given for all', async () => {
    const stating = (filename: string, distanceM: number, x = 32): Pushed => ({
      dataset: memoryDataset(new Uint16Array(64 * 64), {
        sigShape: [64, 64],
        meta: { wavelengthA: 1.3, distanceM, pixelSizeM: { x: 1e-4, y: 1e-4 }, beamCentrePx: { x, y: 32 } },
      }) as Dataset,
      filename,
    });
    const inputs = async function* () {
      yield* [stating('a', 0.1), stating('near', 0.09), stating('b', 0.1001), stating('aside', 0.1, 40)];
    };
    const { geometry: _, ...stated } = usual(inputs());
    const { items, thrown } = await ran(stated);
    expect(thrown).toBeUndefined();
    expect(items.map(({ error }) => error?.message.match(/its header states (.*?) as that/)?.[1])).toEqual([
      undefined,
      'a distance of 0.09 m, not 0.1 m',
      undefined,
      'a beam centre of 40, 32 pixels, not 32, 32',
    ]);
    expect((await ran(usual(inputs()))).items.filter(({ error }) => error)).toEqual([]);
  });

  test('twice are searched twice, each with its number', async () => {
    const one = sized(64, 'a');
    const { items } = await ran(
      usual(
        (async function* () {
          yield one;
          yield one;
        })(),
      ),
    );
    expect(items.map(({ origin }) => [origin.filename, origin.serial])).toEqual([
      ['a', 1],
      ['a', 2],
    ]);
  });

  test('whose program fails end the run with its error, after the finished frames', async () => {
    const { names, thrown } = await ran(
      usual(
        (async function* () {
          yield sized(64, 'a', 3);
          throw new Error('the detector was unplugged');
        })(),
      ),
    );
    expect(names).toEqual(['a', 'a', 'a']);
    expect(String(thrown)).toContain('the detector was unplugged');
  });

  test('whose program stalls leave the finished frames, and the run ends at its signal', async () => {
    const stop = new AbortController();
    const { names, thrown } = await ran({
      ...usual(
        (async function* () {
          yield sized(64, 'a', 2);
          setTimeout(() => stop.abort(), 300);
          await new Promise(() => undefined);
        })(),
      ),
      signal: stop.signal,
    });
    expect(names).toEqual(['a', 'a']);
    expect(thrown).toMatchObject({ tag: 'Aborted' });
  });

  test('that are fewer than the consumer takes are not asked for ahead of it', async () => {
    let pushed = 0;
    const inputs = (async function* () {
      for (; pushed < 100; pushed++) yield sized(64, `f${pushed}`);
    })();
    let most = 0;
    let taken = 0;
    for await (const _ of context.pipeline({ ...usual(inputs), jobs: 2 })) {
      taken++;
      most = Math.max(most, pushed - taken);
      // A slow consumer.
      if (taken % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(taken).toBe(100);
    expect(most).toBeLessThanOrEqual(8);
  });
});

describe("a run with inputs: 'pushed'", () => {
  const file = (value = 0, side = 64): Uint8Array =>
    formatNpy({ data: new Float32Array(side * side).fill(value), shape: [side, side], complex: false });
  const started = (options: object = {}) =>
    context.pipeline({ ...usual(undefined as never), ...options, inputs: 'pushed' });

  test('searches bytes under their names, and ends with end()', async () => {
    const run = started();
    const pushing = (async () => {
      await run.push({ bytes: file(), name: 'a.npy' });
      await run.push({ bytes: file().buffer as ArrayBuffer, name: 'b.npy' });
      await run.push(new File([new Uint8Array(file())], 'c.npy'));
      const dataset = memoryDataset(new Float32Array(64 * 64), { navShape: [1], sigShape: [64, 64] }) as Dataset;
      await run.push({ dataset, filename: 'd' });
      await run.push({ bytes: new TextEncoder().encode('no frames'), name: 'text' });
      run.end();
    })();
    const items: PipelineItem[] = [];
    for await (const item of run) items.push(item);
    await pushing;
    expect(items.map(({ origin, error }) => [origin.filename, origin.serial, error?.tag])).toEqual([
      ['a.npy', 1, undefined],
      ['b.npy', 2, undefined],
      ['c.npy', 3, undefined],
      ['d', 4, undefined],
      ['text', 5, 'Format'],
    ]);
    await expect(run.push({ bytes: file(), name: 'e.npy' })).rejects.toMatchObject({ tag: 'Disposed' });
  });

  test('keeps a program that awaits its pushes a few files ahead of the results', { tags: 'all' }, async () => {
    const run = started({ jobs: 2 });
    let [pushed, taken, most] = [0, 0, 0];
    const pushing = (async () => {
      for (; pushed < 40; pushed++) await run.push({ bytes: file(), name: `${pushed}.npy` });
      run.end();
    })();
    for await (const _ of run) {
      most = Math.max(most, pushed - ++taken);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await pushing;
    expect(taken).toBe(40);
    expect(most).toBeLessThanOrEqual(8);
  });

  test.for<[string, object, (run: PushedRun) => Promise<unknown>]>([
    ['is left', {}, (run) => run.return()],
    [
      'is left in its loop',
      {},
      async (run) => {
        for await (const _ of run) break;
      },
    ],
    ['fails before its first frame', { jobs: 0 }, (run) => run.next()],
    ['is aborted', { signal: AbortSignal.timeout(50) }, (run) => run.next().then(() => run.next())],
  ])('that %s refuses the pushes that wait', async ([, options, leave]) => {
    const run = started(options);
    const pushes = ['a.npy', 'b.npy', 'c.npy', 'd.npy', 'e.npy', 'f.npy', 'g.npy'].map((name) =>
      run.push({ bytes: file(), name }).catch((error: Error) => error),
    );
    await leave(run).catch(() => undefined);
    expect((await Promise.all(pushes)).at(-1)).toMatchObject({ tag: 'Disposed' });
    await expect(run.push({ bytes: file(), name: 'h.npy' })).rejects.toMatchObject({ tag: 'Disposed' });
  });

  /** A file with one peak, in the tenth row, away from the beam. */
  const peaked = (at: number): Uint8Array => {
    const data = new Float32Array(64 * 64);
    for (const i of [0, 1, 64, 65]) data[640 + at + i] = 1000;
    return formatNpy({ data, shape: [64, 64], complex: false });
  };
  /** Where the peaks of a run are, or the tag of the error of each item. */
  async function found(run: PushedRun): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const { result, error } of run) all.push(error?.tag ?? Math.floor(result?.peaks.fs[0] ?? -1));
    return all;
  }

  test('owns its bytes: a buffer that is refilled or transferred after the push changes nothing', async () => {
    const run = started({ jobs: 2 });
    const buffer = peaked(0);
    const pushing = (async () => {
      for (let at = 10; at < 50; at += 5) {
        buffer.set(peaked(at));
        const isTaken = run.push({ bytes: at % 10 ? buffer : (buffer.buffer as ArrayBuffer), name: `${at}.npy` });
        buffer.fill(0);
        await isTaken;
      }
      const last = peaked(50);
      const isTaken = run.push({ bytes: last, name: 'last.npy' });
      structuredClone(last, { transfer: [last.buffer as ArrayBuffer] });
      await isTaken;
      await expect(run.push({ bytes: last, name: 'gone.npy' })).rejects.toMatchObject({
        tag: 'Shape',
        message: expect.stringContaining('run.push: gone.npy: the bytes were detached'),
      });
      run.end();
    })();
    expect(await found(run)).toEqual([11, 16, 21, 26, 31, 36, 41, 46, 51]);
    await pushing;
  });

  test('begins at the first push, which may be awaited before the loop', async () => {
    const run = started();
    await run.push({ bytes: peaked(10), name: 'a.npy' });
    await run.push({ bytes: peaked(20), name: 'b.npy' });
    run.end();
    expect(await found(run)).toEqual([11, 21]);
    expect(() => run[Symbol.asyncIterator]()).toThrow('this run was iterated already');
    const wrong = started({ jobs: 0 });
    await expect(wrong.push({ bytes: file(), name: 'a.npy' })).rejects.toMatchObject({
      tag: 'Disposed',
      message: expect.stringContaining('the run has failed (pipeline: jobs'),
      cause: { tag: 'Argument' },
    });
    await expect(found(wrong)).rejects.toMatchObject({ tag: 'Argument' });
  });

  test('says in words that pushes wait for a loop, before the process ends', { tags: 'all' }, async () => {
    const program = `import { createContext, formatNpy, parseGeometry } from 'ewald';
      const context = await createContext({ backend: 'wasm' });
      const bytes = formatNpy({ data: new Float32Array(4096), shape: [64, 64], complex: false });
      const geometry = parseGeometry(${JSON.stringify(formatGeometry(geometry))});
      const run = context.pipeline({ inputs: 'pushed', geometry, cells: [], peaks: { threshold: 10, minSnr: 5 } });
      for (let i = 0; i < 40; i++) await run.push({ bytes, name: i + '.npy' });`;
    const { code, err } = await node(['--input-type=module', '-e', program], { cwd: root });
    expect([code, err.match(/run\.push waits/g)?.length]).toEqual([13, 1]);
    expect(err).toContain('begin `for await (const item of run)` before you await the pushes');
  });

  test.for([
    ['one file', 1],
    ['three files', 3],
  ] as const)('of which none can be read, %s, has an item with error for each', async ([, count]) => {
    const events: string[] = [];
    const run = started({ onEvent: ({ kind }: RunEvent) => events.push(kind) && undefined });
    for (let i = 0; i < count; i++) await run.push({ bytes: Uint8Array.of(1, 2, 3, 4), name: `${i}` });
    run.end();
    const items: PipelineItem[] = [];
    for await (const item of run) items.push(item);
    expect(items.map(({ origin, error }) => [origin.filename, origin.serial, error?.tag])).toEqual(
      Array.from({ length: count }, (_, i) => [`${i}`, i + 1, 'Format']),
    );
    expect(events).toEqual(['end']);
  });

  test('into which nothing is pushed has no items', async () => {
    const run = started();
    run.end();
    expect(await found(run)).toEqual([]);
  });

  test('ends with the reason if none of its first sixteen files can be read', async () => {
    const run = started();
    const pushes = Array.from({ length: 20 }, (_, i) => run.push({ bytes: Uint8Array.of(1, 2), name: `${i}` }));
    const settled = Promise.allSettled(pushes);
    const items: PipelineItem[] = [];
    const reading = async (): Promise<void> => {
      for await (const item of run) items.push(item);
    };
    await expect(reading()).rejects.toMatchObject({ tag: 'Format' });
    expect(items).toHaveLength(16);
    expect((await settled).map(({ status }) => status)).toEqual([
      ...Array(16).fill('fulfilled'),
      ...Array(4).fill('rejected'),
    ]);
  });

  test('refuses what is no input, and the run goes on', async () => {
    const run = started();
    const wrong: [unknown, string][] = [
      [undefined, 'run.push was given undefined; expected { bytes, name }'],
      [7, 'run.push was given 7'],
      [null, 'run.push was given null'],
      [{ bytes: [1, 2], name: 'a' }, 'run.push: bytes is [1,2]; expected a Uint8Array'],
      [{ bytes: file() }, 'run.push: name is undefined'],
      [{ bytes: file(), name: '' }, 'run.push: name is ""'],
    ];
    for (const [given, words] of wrong)
      await expect(run.push(given as never)).rejects.toMatchObject({
        tag: 'Argument',
        message: expect.stringContaining(words),
      });
    const first = run.push({ bytes: file(), name: 'a.npy' });
    await expect(run.push({ bytes: file(), name: 'a.npy' })).rejects.toThrow('a.npy was pushed before');
    const waiting = Array.from({ length: 255 }, (_, i) =>
      run.push({ bytes: file(), name: `${i}` }).catch(() => undefined),
    );
    await expect(run.push({ bytes: file(), name: 'late' })).rejects.toThrow('256 pushes wait already');
    run.end();
    await expect(run.push({ bytes: file(), name: 'after' })).rejects.toThrow('after run.end()');
    expect((await run.next()).value).toMatchObject({ origin: { filename: 'a.npy' } });
    await first;
    await run.return();
    await Promise.all(waiting);
  });
});

describe('a process near the limit of its memory', () => {
  /** Frames whose reads are counted while they go on. */
  function counted() {
    const { dataset } = sized(64, 'a', 40);
    const now = { reading: 0, most: 0 };
    const read = async (...words: Parameters<Dataset['read']>): Promise<unknown> => {
      now.most = Math.max(now.most, ++now.reading);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now.reading--;
      return dataset.read(...words);
    };
    const proxy = new Proxy(dataset, {
      get: (target, name) => {
        if (name === 'read') return read;
        if (typeof name === 'symbol') return undefined;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return { now, inputs: [{ dataset: proxy, filename: 'a' }] };
  }

  test('warns, reads one frame at a time, and has the same results', async () => {
    const free = counted();
    const wide = await ran({
      ...usual(undefined as never),
      inputs: free.inputs,
      firstFramesTimeoutS: undefined,
      jobs: 4,
    });
    expect(free.now.most).toBeGreaterThan(2);
    expect(wide.warnings).toEqual([]);
    const held = counted();
    const options = { ...usual(undefined as never), inputs: held.inputs, firstFramesTimeoutS: undefined, jobs: 4 };
    const tight = await ran({ ...options, maxMemory: 2 ** 21 });
    expect(tight.thrown).toBeUndefined();
    expect(held.now.most).toBe(1);
    expect(tight.names).toEqual(wide.names);
    expect(tight.warnings).toEqual([
      expect.stringMatching(
        /^[\d.]+ GB of memory are in use, near the limit of 0\.00210 GB \(--max-memory\); frames are/,
      ),
    ]);
  });

  test('an invalid limit is refused', async () => {
    for (const maxMemory of [0, -1, 1.5, Number.NaN, '8G'])
      expect((await ran({ ...usual((async function* () {})()), maxMemory } as never)).thrown).toMatchObject({
        tag: 'Argument',
        message: expect.stringContaining('maxMemory'),
      });
  });
});
