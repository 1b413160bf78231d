/**
 * Everything public that takes a signal, one row each, for the tests of aborting in Node and in Chromium: waiting for
 * what never comes, or computing.
 */
import { expect, test } from 'vitest';

/** The entry points, as the platform has them. */
export interface Entries {
  readonly ewald: typeof import('ewald');
  readonly data: typeof import('ewald/data');
  readonly executors: typeof import('ewald/executors');
  readonly udf: typeof import('ewald/udf');
  readonly validate: typeof import('ewald/validate');
}

/** A call that a signal ends. */
export interface Abortable {
  /** The interface of its options, by file in src. */
  readonly takes: string;
  readonly what: string;
  /** Makes the call and reads its results; `started` is called once, when it is under way. */
  run(signal: AbortSignal, started: () => void, entries: Entries): Promise<unknown>;
  /** Computes something short, or what cannot be interrupted: once under way, it may end with its result. */
  readonly mayEnd?: boolean;
  /** Ends with what it has so far instead of an error. */
  readonly keeps?: boolean;
}

/** Adds up the calls of listeners that a signal still has; only its own, not those of signals that follow it. */
export class WatchedAbort {
  readonly controller = new AbortController();
  readonly #listeners = new Set<unknown>();

  constructor() {
    const { signal } = this.controller;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = ((type: 'abort', listener: () => void, options?: AddEventListenerOptions) => {
      this.#listeners.add(listener);
      // One that is called once removes itself.
      if (options?.once) add(type, () => this.#listeners.delete(listener), { once: true });
      add(type, listener, options);
    }) as never;
    signal.removeEventListener = ((type: 'abort', listener: () => void) => {
      this.#listeners.delete(listener);
      remove(type, listener);
    }) as never;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

/** Waits for nothing that ever comes, and ignores every signal. */
export const never = (started: () => void): Promise<never> => {
  started();
  return new Promise(() => {});
};

export async function* neverYields(started: () => void, ...first: readonly unknown[]): AsyncGenerator<never> {
  yield* first as never[];
  await never(started);
}

/** Reads everything; `item` is called for each. */
export async function drain(source: AsyncIterable<unknown>, item: () => void = () => {}): Promise<void> {
  for await (const _ of source) item();
}

const [width, height] = [64, 48] as const;
export const geometry = `wavelength = 1 A
clen = 0.1
res = 10000
adu_per_photon = 1
data = /data/data
p/min_fs = 0
p/max_fs = ${width - 1}
p/min_ss = 0
p/max_ss = ${height - 1}
p/corner_x = -32
p/corner_y = -24
p/fs = +x
p/ss = +y
`;
export const search = { geometry, cells: ['79,79,38,90,90,90'], peaks: { threshold: 10 }, integrate: false } as const;

const frames = (n: number) => new Uint16Array(n * width * height);
const dataset = ({ data }: Entries, n = 4) =>
  data.memoryDataset(frames(n), { dtype: 'u16', navShape: [n], sigShape: [height, width] });
/** A reader of frames that never answers. */
const silent = (started: () => void) => ({
  shape: { nav: [4], sig: [height, width] },
  dtype: 'u16' as const,
  read: () => never(started),
});
/** The same as an open dataset of the caller. */
const silentDataset = (entries: Entries, started: () => void) => ({
  ...(plain(dataset(entries)) as object),
  read: () => never(started),
});
const plain = (given: object): never =>
  Object.fromEntries(
    ['format', 'name', 'shape', 'dtype', 'frames', 'frameLength', 'meta', 'notes', 'arrays', 'sizes', 'filters']
      .map((name) => [name, given[name as never]] as const)
      .concat([['chunkFrames', 1 as never]]),
  ) as never;
const silentSource = (started: () => void) => ({
  name: 'silent',
  size: 1000,
  read: () => never(started),
  sibling: () => never(started),
  close: () => new Promise<void>(() => {}),
});
/** A File whose contents never arrive. */
const silentFile = (started: () => void) => ({
  ...{ name: 'silent.geom', size: 100, type: '' },
  arrayBuffer: () => never(started),
  text: () => never(started),
  slice: () => silentFile(started),
});

/** A task, on whatever thread, that says when it begins and never ends. */
const program = `export const hang = (name) => {
  const channel = new BroadcastChannel(name);
  channel.postMessage('started');
  setTimeout(() => channel.close(), 1000);
  return new Promise(() => {});
};`;
let hangings = 0;
function hanging(started: () => void) {
  const argument = `ewald-hanging-${hangings++}-${Math.random()}`;
  const channel = new BroadcastChannel(argument);
  channel.onmessage = () => {
    channel.close();
    started();
  };
  return { module: `data:text/javascript,${encodeURIComponent(program)}`, function: 'hang', argument };
}

type Run<T> = (ctx: T, signal: AbortSignal, started: () => void, entries: Entries) => unknown;
/** With a context that is disposed at the end; so are its plans. */
const inContext =
  (run: Run<Awaited<ReturnType<Entries['ewald']['createContext']>>>): Abortable['run'] =>
  async (signal, started, entries) => {
    const ctx = await entries.ewald.createContext({ backend: 'wasm' });
    try {
      await run(ctx, signal, started, entries);
    } finally {
      await ctx.dispose();
    }
  };
const inUdf =
  (run: Run<InstanceType<Entries['udf']['Context']>>): Abortable['run'] =>
  async (signal, started, entries) => {
    const ctx = new entries.udf.Context();
    try {
      await run(ctx, signal, started, entries);
    } finally {
      await ctx.close();
    }
  };
const onExecutor =
  (
    kind: 'inline' | 'workers',
    run: Run<Awaited<ReturnType<Entries['executors']['Executor']['inline']>>>,
  ): Abortable['run'] =>
  async (signal, started, entries) => {
    const { Executor } = entries.executors;
    const executor = await (kind === 'inline' ? Executor.inline() : Executor.workers({ workers: 1 }));
    try {
      await run(executor, signal, started, entries);
    } finally {
      await executor.dispose();
    }
  };
/** Under way after the next turn of the event loop. */
const soon = (started: () => void): void => void setTimeout(started, 0);

const spots = (images: number) => {
  const all = new Float32Array(images * 40 * 3);
  for (let i = 0; i < all.length; i++) all[i] = Math.sin(i * 12.9898) / 4;
  return { spots: all, offsets: Uint32Array.from({ length: images + 1 }, (_, i) => 40 * i) };
};

const pipeline = 'pipeline/run-options.ts PipelineOptions';
const udfRun = 'udf/context-options.ts UdfRunOptions';
const executorRun = 'parallel/executor.ts RunOptions';
const opening = 'frames/format.ts FormatOptions';

export const table: readonly Abortable[] = [
  ...([1, 2] as const).map((jobs) => ({
    takes: pipeline,
    what: `pipeline, ${jobs} at once, whose inputs never come`,
    run: inContext((ctx, signal, started) =>
      drain(ctx.pipeline({ ...search, jobs, inputs: neverYields(started), signal })),
    ),
  })),
  {
    takes: pipeline,
    what: 'pipeline whose second input never comes',
    run: inContext((ctx, signal, started, entries) =>
      drain(ctx.pipeline({ ...search, inputs: neverYields(started, dataset(entries)), signal })),
    ),
  },
  {
    takes: pipeline,
    what: 'pipeline whose dataset never answers',
    run: inContext((ctx, signal, started, entries) =>
      drain(ctx.pipeline({ ...search, inputs: [silentDataset(entries, started) as never], signal })),
    ),
  },
  {
    takes: pipeline,
    what: 'pipeline whose geometry never comes',
    run: inContext((ctx, signal, started, entries) =>
      drain(ctx.pipeline({ ...search, geometry: silentFile(started) as never, inputs: [dataset(entries)], signal })),
    ),
  },
  {
    takes: pipeline,
    what: 'pipeline whose output never answers',
    run: inContext((ctx, signal, started, entries) =>
      drain(ctx.pipeline({ ...search, inputs: [dataset(entries)], output: () => never(started), signal })),
    ),
  },
  {
    takes: pipeline,
    what: 'pipeline whose output answers once',
    run: inContext((ctx, signal, started, entries) => {
      let pieces = 0;
      const output = () => (pieces++ === 0 ? undefined : never(started));
      return drain(ctx.pipeline({ ...search, inputs: [dataset(entries)], output, nonHitsInStream: true, signal }));
    }),
  },
  {
    takes: pipeline,
    what: 'pipeline over frames in memory',
    run: inContext((ctx, signal, started, entries) =>
      drain(ctx.pipeline({ ...search, inputs: [dataset(entries, 400)], signal }), started),
    ),
  },
  {
    takes: 'pipeline/first-frames/cell-of-frames.ts FramesCellOptions',
    what: 'cell whose dataset never answers',
    run: inContext((ctx, signal, started, entries) =>
      ctx.cell({ geometry, inputs: [silentDataset(entries, started) as never], signal }),
    ),
  },
  {
    takes: 'pipeline/first-frames/cell-of-frames.ts FramesCellOptions',
    what: 'cell whose inputs never come',
    run: inContext((ctx, signal, started) => ctx.cell({ geometry, inputs: neverYields(started), signal })),
  },
  {
    takes: 'pipeline/frame-searcher.ts FrameSearchOptions',
    what: 'frameSearcher.search',
    mayEnd: true,
    run: inContext(async (ctx, signal, started, entries) => {
      const { parseGeometry, readCell } = entries.ewald;
      const given = dataset(entries);
      const detector = await ctx.detector(given, { geometry: parseGeometry(geometry) });
      const cells = [readCell(search.cells[0])];
      const searcher = await ctx.frameSearcher({ detector, cells, peaks: search.peaks });
      try {
        soon(started);
        await searcher.search(searcher.newFrame(), { signal });
      } finally {
        await searcher.dispose();
      }
    }),
  },
  {
    takes: 'peaks/peaks.ts PeaksRunOptions',
    what: 'peaks.run, behind other runs of its plan',
    mayEnd: true,
    run: inContext(async (ctx, signal, started) => {
      const finder = await ctx.peaks({ width, height, dtype: 'u16' });
      const frame = finder.newFrame();
      soon(started);
      for (let i = 0; i < 200; i++) void finder.run(frame, { threshold: 10 }).catch(() => {});
      await finder.run(frame, { threshold: 10, signal });
    }),
  },
  {
    takes: 'indexing/input.ts IndexingInput',
    what: 'indexer.run',
    run: inContext(async (ctx, signal, started) => {
      const indexer = await ctx.indexer({ batch: 1000 } as never);
      const cells = [[79, 0, 0, 0, 79, 0, 0, 0, 38]].flat();
      await indexer.run({ ...spots(1000), cells, signal, onProgress: started });
    }),
  },
  {
    takes: 'indexing/stream.ts StreamOptions',
    what: 'indexer.stream whose images never come',
    run: inContext(async (ctx, signal, started) => {
      const indexer = await ctx.indexer();
      const cells = [79, 0, 0, 0, 79, 0, 0, 0, 38];
      await drain(indexer.stream(neverYields(started, { spots: spots(1).spots }), { cells, signal }));
    }),
  },
  {
    takes: 'indexing/determine-cell.ts CellSearchOptions',
    what: 'indexer.determineCell',
    run: inContext(async (ctx, signal, started) => {
      const indexer = await ctx.indexer();
      const images = Array.from({ length: 20 }, (_, i) => spots(20).spots.slice(120 * i, 120 * (i + 1)));
      await indexer.determineCell(images, { signal, onProgress: started });
    }),
  },
  {
    takes: 'pi/options.ts PiRunOptions',
    what: 'pi.run',
    run: inContext(async (ctx, signal, started) => {
      const plan = await ctx.pi();
      await plan.run({ points: 10n ** 12n, signal, onProgress: started });
    }),
  },
  {
    takes: 'fft/options.ts CommonFftOptions',
    what: 'fft',
    mayEnd: true,
    run: inContext((ctx, signal, started) => {
      soon(started);
      return ctx.fft({ shape: [128, 1024], kind: 'c2c', precision: 'f32', signal });
    }),
  },
  {
    takes: 'fft/run.ts FftRunOptions',
    what: 'fft.forward, behind other runs of its plan',
    mayEnd: true,
    run: inContext(async (ctx, signal, started) => {
      const plan = await ctx.fft({ shape: [1024], kind: 'c2c', precision: 'f32', batch: 16 } as never);
      const data = new Float32Array(2 * 16 * 1024);
      soon(started);
      for (let i = 0; i < 50; i++) void plan.forward(data).catch(() => {});
      await plan.forward(data, undefined, { signal });
    }),
  },
  {
    takes: 'merging/run.ts MergeRunOptions',
    what: 'mergeStream whose stream never comes',
    run: inContext((ctx, signal, started, { ewald }) =>
      ewald.mergeStream(
        ctx,
        { name: 'never', bytes: neverYields(started) },
        { symmetry: 'mmm', polarisation: 'none' } as never,
        { signal },
      ),
    ),
  },
  {
    takes: 'bytes/byte-source.ts ReadOptions',
    what: 'merger.addStream whose source never answers',
    run: inContext(async (ctx, signal, started) => {
      const merger = await ctx.merger({ symmetry: 'mmm', polarisation: 'none' } as never);
      await merger.addStream({ name: 'never', bytes: silentSource(started) }, { signal });
    }),
  },
  {
    takes: executorRun,
    what: 'run of an inline executor whose tasks never come',
    run: onExecutor('inline', (executor, signal, started) => drain(executor.run(neverYields(started), { signal }))),
  },
  ...(['inline', 'workers'] as const).map((kind) => ({
    takes: executorRun,
    what: `run of an executor (${kind}) whose task never ends`,
    run: onExecutor(kind, (executor, signal, started) => drain(executor.run([hanging(started)], { signal }))),
  })),
  {
    takes: executorRun,
    what: 'compute of delayed values that are never computed',
    run: onExecutor('inline', async (on, signal, started, { executors }) => {
      const delayed = await executors.Executor.delayed();
      await delayed.compute([delayed.delay(hanging(started))], { on, signal });
    }),
  },
  {
    takes: 'parallel/spmd.ts SpmdOptions',
    what: 'spmd whose program never ends',
    run: (signal, started, { executors }) => executors.spmd(hanging(started), { ranks: 1, signal }),
  },
  {
    takes: opening,
    what: 'open of a source that never answers',
    run: (signal, started, { data }) => data.open(silentSource(started), { signal }),
  },
  {
    takes: opening,
    what: 'inspect of a source that never answers',
    run: (signal, started, { data }) => data.inspect(silentSource(started), { signal }),
  },
  {
    takes: 'frames/dataset.ts ReadFramesOptions',
    what: 'Dataset.read of a source that no longer answers',
    run: async (signal, started, { data }) => {
      const file = data.memorySource(frames(4) as never as Uint8Array);
      let isOpen = false;
      const source = { ...file, size: 8 * width * height, close: async () => {} };
      const opened = await data.open(
        { ...source, read: (at: number, into: never) => (isOpen ? never(started) : file.read(at, into)) } as never,
        { format: 'raw', dtype: 'u16', sigShape: [height, width], navShape: [4] },
      );
      isOpen = true;
      try {
        await opened.read(0, 1, undefined, { signal });
      } finally {
        await opened.dispose();
      }
    },
  },
  {
    takes: 'frames/convert.ts WriteFramesOptions',
    what: 'writeFrames into a sink that never answers',
    run: (signal, started, entries) =>
      entries.data.writeFrames(dataset(entries), { append: () => never(started) }, undefined, {
        format: 'npy',
        signal,
      }),
  },
  {
    takes: opening,
    what: 'load of a custom dataset whose mask never comes',
    run: inUdf((ctx, signal, started) =>
      ctx.load({ ...silent(() => {}), mask: () => never(started) } as never, { fileMask: true, signal } as never),
    ),
  },
  ...(['runUdf', 'runUdfIter'] as const).map((method) => ({
    takes: udfRun,
    what: `${method} over frames that never come`,
    run: inUdf(async (ctx, signal, started, { udf }) => {
      const scan = await ctx.load(silent(started) as never);
      if (method === 'runUdf') await ctx.runUdf(scan, udf.sumUdf(), { signal });
      else await drain(ctx.runUdfIter(scan, udf.sumUdf(), { signal }));
    }),
  })),
  {
    takes: udfRun,
    what: 'runUdf on workers over frames that never come',
    run: async (signal, started, { udf }) => {
      const ctx = await udf.Context.makeWith('workers', { cpus: 1 } as never);
      try {
        const scan = await ctx.load(silent(started) as never);
        await ctx.runUdf(scan, udf.sumUdf(), { signal });
      } finally {
        await ctx.close();
      }
    },
  },
  {
    takes: 'stem/calibrate/calibrate.ts CalibrateOptions',
    what: 'calibrate over frames that never come',
    run: async (signal, started, { udf }) => {
      const ctx = new udf.Context();
      try {
        const frames = { shape: { nav: [4, 4], sig: [4, 4] }, dtype: 'u16', read: () => never(started) };
        await ctx.calibrate(await ctx.load(frames as never), { signal });
      } finally {
        await ctx.close();
      }
    },
  },
  {
    takes: 'udf/scans/resident.ts ResidentScanOptions',
    what: 'residentScan of frames that never come',
    run: (signal, started, entries) => entries.udf.residentScan(silentDataset(entries, started) as never, { signal }),
  },
  {
    takes: 'validate/run.ts ValidateOptions',
    what: 'validate',
    keeps: true,
    run: async (signal, started, { ewald, validate }) => {
      const { createContext } = ewald;
      const report = await validate.validate({
        ...{ createContext: createContext as never, ids: ['arrays:*'], backend: 'wasm', signal },
        onResult: started,
      } as never);
      expect(report.interrupted).toBe(true);
    },
  },
];

/** Processor time that may pass until a call has ended, in ms. */
const mostMs = 100;

/** Aborts each call before it begins, when it has started, and when it is under way. */
export function testAborting(rows: readonly Abortable[], entries: Entries, processorMs: () => number): void {
  const moments = [
    ['at rest', (abort: () => void) => ({ early: abort, started: () => {} })],
    ['at once', (abort: () => void) => ({ late: abort, started: () => {} })],
    ['under way', (abort: () => void) => ({ started: abort })],
  ] as const;
  for (const row of rows)
    for (const [moment, at] of moments)
      test(`${row.what}, aborted ${moment}`, { tags: 'all', retry: 2 }, async () => {
        const watched = new WatchedAbort();
        let since = Number.NaN;
        let isBegun = false;
        const abort = (): void => {
          if (isBegun) return;
          isBegun = true;
          // After the call has gone on to wait.
          setTimeout(() => {
            since = processorMs();
            watched.controller.abort();
          }, 0);
        };
        const { started, early, late } = at(abort) as { started: () => void; early?: () => void; late?: () => void };
        if (early) watched.controller.abort();
        since = processorMs();
        const call = row.run(watched.signal, started, entries);
        late?.();
        const error = await call.then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        const took = processorMs() - since;
        if (!row.keeps && !(row.mayEnd && !early && error === undefined))
          expect(error).toMatchObject({ tag: 'Aborted', cause: watched.signal.reason });
        if (moment === 'under way' && !row.mayEnd) expect(isBegun).toBe(true);
        if (moment === 'under way') expect(took).toBeLessThan(mostMs);
        expect(watched.listeners).toBe(0);
      });
}
