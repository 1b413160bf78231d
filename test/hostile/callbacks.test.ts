/**
 * Every function that callers give, and every way in which one can fail: the work ends with a tagged error that names
 * the function and has what was thrown as its cause, and no promise is left to reject on its own.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beamOf, type Context, createContext, EwaldError, formatNpy, isEwaldError, parseGeometry } from 'ewald';
import { inspect, memoryDataset, open, writeFrames } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { parseHeader } from 'ewald/ffi';
import { mergeSink } from 'ewald/merging';
import {
  compareStreamFiles,
  refinePowderGeometry,
  runToFiles,
  simulateFrames,
  simulateSpotLists,
  transformFile,
  watchRun,
} from 'ewald/shell';
import { residentScan, simulateMerlin, sumSigUdf, Context as UdfContext } from 'ewald/udf';
import { bench, validate } from 'ewald/validate';
import { saveView, serveView } from 'ewald/view';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulateStream } from '../merging/simulated.js';
import { declarations } from '../support/declarations.js';

/** A function that fails in its first call, and later does nothing. */
type Failing = (...args: unknown[]) => never;
interface Way {
  readonly f: Failing;
  readonly cause: unknown;
  readonly isAsync?: boolean;
}

const hostile = (): object =>
  new Proxy(new Error('never shown'), {
    get: () => {
      throw new Error('of the trap');
    },
    getPrototypeOf: () => {
      throw new Error('of the trap');
    },
  });
const thrown: Readonly<Record<string, () => unknown>> = {
  'an error': () => new Error('of the caller'),
  'a frozen error': () => Object.freeze(new TypeError('of the caller')),
  'an error of ewald': () => new EwaldError('Format', 'of the caller'),
  undefined: () => undefined,
  'a string': () => 'of the caller',
  'a Proxy': hostile,
};
const ofThenable = new Error('of the caller');
/** Functions by the way in which they fail, with what they throw. */
const ways: Readonly<Record<string, Way>> = Object.fromEntries([
  ...Object.entries(thrown).map(([name, make]) => {
    const cause = make();
    const f = (): never => {
      throw cause;
    };
    return [name, { f, cause }];
  }),
  ['a rejection', { f: () => Promise.reject(ofThenable), cause: ofThenable, isAsync: true }],
  [
    'a thenable that throws',
    {
      f: () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tested
        then: () => {
          throw ofThenable;
        },
      }),
      cause: ofThenable,
      isAsync: true,
    },
  ],
]) as never;

let folder: string;
let ctx: Context;
let udfs: UdfContext;
let files: Awaited<ReturnType<typeof simulateFrames>>;
const at = (name: string): string => join(folder, name);
let count = 0;
const fresh = (ending: string): string => at(`${count++}.${ending}`);
const cell = [
  [40, 0, 0],
  [0, 50, 0],
  [0, 0, 60],
] as const;
const small = { cell, detectorPx: [128, 128], images: 3 } as const;
const counts = Uint16Array.from({ length: 16 * 64 }, (_, i) => i % 997);
const spots = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 7.1) * 0.3);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-callbacks-'));
  ctx = await createContext({ backend: 'wasm' });
  udfs = new UdfContext({ context: { backend: 'wasm' } });
  files = await simulateFrames(folder, small);
  writeFileSync(
    at('a.stream'),
    simulateStream({ crystals: 12, symmetry: 'mmm', parameters: [24, 28, 33, 90, 90, 90] }).text,
  );
  writeFileSync(at('in.npy'), formatNpy({ shape: [64, 64], complex: false, data: new Float64Array(4096) }));
}, 120_000);
afterAll(async () => {
  await udfs.close();
  await ctx.dispose();
  rmSync(folder, { recursive: true });
});

const read = async (iterable: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of iterable);
};
async function using<T extends { dispose(): Promise<void> }>(held: T | Promise<T>, use: (it: T) => unknown) {
  const it = await held;
  try {
    await use(it);
  } finally {
    await it.dispose();
  }
}
const scanOf = () => udfs.fromMemory(counts, { navShape: [4, 4], sigShape: [8, 8] });
const searched = () => ({
  inputs: [files.frames],
  geometry: files.geometry,
  cells: [files.cell],
  peaks: { threshold: 12 },
});
/** The geometry, whose distance is a number in the files. */
const withDistanceOfFile = () =>
  parseGeometry(readFileSync(files.geometry, 'utf8').replace(/^clen = .*$/m, 'clen = /clen'));
async function acquired(options: object): Promise<void> {
  const raw = { format: 'raw', dtype: 'u16', sigShape: [8, 8], navShape: [4, 4] } as const;
  writeFileSync(at('frames.raw'), counts);
  const simulator = await simulateMerlin(at('frames.raw'), { port: 0, open: raw });
  try {
    const { host, port, dataPort } = simulator;
    const connection = await udfs.connect(`merlin://${host}:${port}`, { dataPort });
    await using(connection, async () => connection.next(options));
  } finally {
    await simulator.close();
  }
}
async function merged(use: (merger: Awaited<ReturnType<Context['merger']>>) => unknown): Promise<void> {
  const { text } = simulateStream({ crystals: 12, symmetry: 'mmm', parameters: [24, 28, 33, 90, 90, 90] });
  const merger = await ctx.merger({ symmetry: 'mmm', polarisation: 'none', iterations: 1 });
  await merger.addStream({ name: 'a.stream', bytes: [new TextEncoder().encode(text)] });
  await use(merger);
}

interface Row {
  /** The work that calls the function. */
  readonly work: (f: Failing) => unknown;
  /** Promises of this function are awaited, so that a rejection is its error. */
  readonly awaited?: boolean;
  /** The error is the cause of another one, which says what was read. */
  readonly inner?: boolean;
}
const row = (work: Row['work']): Row => ({ work });
const awaits = (work: Row['work'], inner = false): Row => ({ work, awaited: true, inner });
const dataset = () => memoryDataset(counts, { sigShape: [8, 8], navShape: [4, 4] });

/** Three spots on a sphere of 1 Å, of which too few images are given. */
const few = [0.1, 0.2, 0.3].flatMap((x) => [x, 0.1, Math.sqrt(0.99 - x * x) - 1]);

/** By their place in the declarations. */
const rows: Readonly<Record<string, Row>> = {
  'pi/options onProgress': row((onProgress) => using(ctx.pi(), (pi) => pi.run({ points: 1000, onProgress }))),
  'fft/run onProgress': row((onProgress) =>
    using(ctx.fft({ shape: [64] }), (plan) => plan.forward(new Float32Array(128), undefined, { onProgress })),
  ),
  'indexing/input onProgress': row((onProgress) =>
    using(ctx.indexer({ maxSpots: 64 }), (indexer) => indexer.run({ spots, cells: cell.flat(), onProgress })),
  ),
  'indexing/stream onProgress': row((onProgress) =>
    using(ctx.indexer({ maxSpots: 64 }), (indexer) =>
      read(indexer.stream([{ spots }], { cells: cell.flat(), onProgress })),
    ),
  ),
  'indexing/determine-cell onProgress': row((onProgress) =>
    using(ctx.indexer({ maxSpots: 64 }), (indexer) => indexer.determineCell([spots], { maxLengthA: 30, onProgress })),
  ),
  'indexing/determine-cell onEvent': row((onEvent) =>
    using(ctx.indexer(), (indexer) => indexer.determineCell([few, few, few], { onEvent })),
  ),
  'merging/run onProgress': row((onProgress) => merged((merger) => merger.run({ onProgress }))),
  'merging/parameter-types split': row((split) =>
    merged(async () => {
      const { text } = simulateStream({ crystals: 4, symmetry: 'mmm', parameters: [24, 28, 33, 90, 90, 90] });
      const merger = await ctx.merger({ symmetry: 'mmm', polarisation: 'none', split });
      await merger.addStream({ name: 'a.stream', bytes: [new TextEncoder().encode(text)] });
      await merger.run();
    }),
  ),
  'merging/running onStatus': row(async (onStatus) => {
    const { text } = simulateStream({ crystals: 12, symmetry: 'mmm', parameters: [24, 28, 33, 90, 90, 90] });
    const sink = await mergeSink(ctx, { symmetry: 'mmm', polarisation: 'none', iterations: 1 }, { onStatus });
    await sink.add({ chunk: text.slice(text.indexOf('----- Begin chunk')) } as never);
    await sink.close(true);
  }),
  'pipeline/run-options onEvent': row((onEvent) => read(ctx.pipeline({ ...searched(), onEvent }))),
  'pipeline/run-options openOther': awaits(
    (openOther) => read(ctx.pipeline({ ...searched(), geometry: withDistanceOfFile(), openOther })),
    true,
  ),
  'pipeline/first-frames/cell-of-frames onEvent': row((onEvent) =>
    ctx.cell({ inputs: [files.frames], geometry: files.geometry, images: 3, onEvent }),
  ),
  'pipeline/streams/compare-files.node onProgress': row((onProgress) =>
    compareStreamFiles(at('a.stream'), at('a.stream'), onProgress),
  ),
  'pipeline/sinks/output-options output': awaits((output) => read(ctx.pipeline({ ...searched(), output }))),
  'pipeline/geometry/refine-powder.node onProgress': row((onProgress) =>
    refinePowderGeometry(files.frames, { powder: 'Si', geometry: files.geometry, output: fresh('geom'), onProgress }),
  ),
  'parallel/executor onProgress': row((onProgress) =>
    using(Executor.inline(), (executor) =>
      read(
        executor.run([{ module: new URL('../parallel/tasks.mjs', import.meta.url), function: 'echo' }], {
          onProgress,
        }),
      ),
    ),
  ),
  'heffte/files/wish onProgress': row((onProgress) =>
    transformFile(at('in.npy'), fresh('npy'), { backend: 'wasm', onProgress }),
  ),
  'frames/convert onProgress': row((onProgress) =>
    writeFrames(dataset(), { append: async () => undefined }, undefined, { format: 'npy', onProgress }),
  ),
  'frames/inspect onProgress': row((onProgress) => inspect(files.frames, { frames: '0:1', onProgress })),
  'simulate/describe onProgress': row((onProgress) => simulateSpotLists(fresh('lists'), { cell }, { onProgress })),
  'udf/context-options onProgress': row((onProgress) => udfs.runUdf(scanOf(), sumSigUdf(), { onProgress })),
  'udf/live/plots show': awaits((show) => udfs.runUdf(scanOf(), sumSigUdf(), { plots: { show } })),
  'udf/scans/resident onProgress': row((onProgress) => residentScan(dataset(), { onProgress })),
  'stem/output/run-to-files.node onFiles': row((onFiles) =>
    runToFiles(udfs, scanOf(), { udfs: [sumSigUdf()], output: fresh('npy'), onFiles }),
  ),
  'udf/acquisition/connection onReadyForData': awaits((onReadyForData) => acquired({ onReadyForData })),
  'udf/acquisition/connection onDetermineNavShape': awaits((onDetermineNavShape) => acquired({ onDetermineNavShape })),
  'udf/parameter-types controller': awaits((controller) => acquired({ controller })),
  'stem/parameter-types factories': row((factory) => udfs.createMaskAnalysis(scanOf(), { factories: [factory] })),
  'validate/run onResult': row((onResult) => validate({ ids: ['pi:*'], createContext, backends: ['wasm'], onResult })),
  'validate/bench onRow': row((onRow) => bench({ ids: ['pi:*'], createContext, backends: ['wasm'], onRow })),
  'server/save-view.node onWarning': row((onWarning) => {
    writeFileSync(at('odder.geom'), `${readFileSync(files.geometry, 'utf8')}\nunknown_word = 1\n`);
    return saveView([files.frames], at('odder.html'), { geometry: at('odder.geom'), force: true, onWarning });
  }),
  'server/serve-view.node onWarning': row(async (onWarning) => {
    writeFileSync(at('odd.geom'), `${readFileSync(files.geometry, 'utf8')}\nunknown_word = 1\n`);
    await using(serveView([files.frames], { geometry: at('odd.geom'), onWarning }) as never, () => undefined);
  }),
  'server/watch-run.node onLine': row(async (onLine) => (await watchRun({ onLine })).close()),
  'stem/calibrate/calibrate onProgress': row((onProgress) => udfs.calibrate(scanOf(), { onProgress })),
  'util/log sink': row((sink) =>
    using(createContext({ backend: 'wasm', log: { level: 'debug', sink } }), () => undefined),
  ),
  'ffi/options include': row((include) => parseHeader('#include "a.h"\n', { include })),
  'crystal/geometry/pixels header': row((header) => beamOf(withDistanceOfFile(), header)),
  'frames/detector/detector openOther': awaits(async (openOther) => {
    await ctx.detector(await open(files.frames), { geometry: withDistanceOfFile(), openOther });
  }, true),
};

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return expect.unreachable('nothing was thrown');
}

describe.each(Object.entries(rows))('%s', (name, { work, awaited, inner }) => {
  test.each(Object.entries(ways))('%s', { tags: 'all' }, async (_, { f, cause, isAsync }) => {
    const outer = await thrownBy(() => work(f));
    const error = (inner ? (outer as Error).cause : outer) as EwaldError;
    expect(isEwaldError(error, 'Argument'), `${outer}`).toBe(true);
    expect(error.message).toContain(name.split(' ').at(-1));
    expect(error.detail.threw).toBe(true);
    if (isAsync && !awaited) expect(error.message).toContain('returned a promise');
    else expect(error.cause === cause).toBe(true);
  });
});

test('a run whose callback fails keeps the frames that it has finished, as at an abort', async () => {
  const output = fresh('stream');
  const onEvent = ({ kind, summary }: { kind: string; summary?: { done: number } }): void => {
    if (kind === 'progress' && summary?.done === 2) throw new Error('enough');
  };
  const error = await thrownBy(() => read(ctx.pipeline({ ...searched(), output, onEvent: onEvent as never })));
  expect((error as Error).message).toBe('pipeline: onEvent threw: enough');
  expect(readFileSync(`${output}.part`, 'utf8').match(/^----- End chunk/gm)).toHaveLength(2);
});

/** Methods of a UDF, which the README describes; `prepare` is awaited. */
const methods = {
  ...{ buffers: 1, tiling: 1, getMethod: 1, prepare: 1, getTaskData: 1, preprocess: 1, processFrame: 1, merge: 1 },
  ...{ processTile: 1, processPartition: 1, postprocess: 1, cleanup: 1, getResults: 1, mergeAll: 1 },
};
describe.each(Object.keys(methods))('%s of a UDF', (name) => {
  test.each(Object.entries(ways))('%s', async (_, { f, cause, isAsync }) => {
    const frames = name.startsWith('process') ? {} : { processFrame() {} };
    const merge = name === 'mergeAll' ? {} : { merge() {} };
    const udf = { name: 'own', buffers: { sum: { kind: 'single', dtype: 'f64' } }, ...frames, ...merge, [name]: f };
    const error = (await thrownBy(() => udfs.runUdf(scanOf(), udf as never))) as EwaldError;
    expect(isEwaldError(error, 'Argument'), `${error}`).toBe(true);
    expect(error.message).toContain('the UDF own');
    expect(error.detail.threw).toBe(true);
    if (isAsync && name !== 'prepare') expect(error.message).toContain('returned a promise');
    else expect(error.cause === cause).toBe(true);
  });
});

/** Functions in options that are not called back while something runs, or in another way, by reason. */
const others: Readonly<Record<string, readonly string[]>> = {
  'made for the package itself': [
    ...[
      'compute/backends/backend log',
      'compute/backends/backend startWorker',
      'compute/backends/backend wasm',
      'ffi/header/parse include',
    ],
    ...[
      'ffi/header/preprocess include',
      'frames/files/write left',
      'frames/files/write replaces',
      'pipeline/sinks/stream-file earlier',
      'pipeline/sinks/stream-file tell',
    ],
    ...[
      'pipeline/one-frame isTight',
      'pipeline/sinks/stream-file unread',
      'pipeline/sources/source waiting',
      'pipeline/sources/source warn',
    ],
  ],
  'a failure to load says what it was for, with the error as its cause': [
    ...[
      'compute/backends/context-options wasm',
      'compute/backends/context-options worker',
      'bytes/codecs/browser wasm',
    ],
    ...['parallel/nats/options nats', 'ffi/options library', 'ffi/options worker'],
  ],
  'called as output is': [
    ...['hdf5', 'hits', 'html', 'milleFile', 'refinedGeometry', 'sol'].map(
      (name) => `pipeline/sinks/output-options ${name}`,
    ),
    'pipeline/reduce/reduce onFailure',
    'pipeline/reduce/reduce output',
    'pipeline/streams/join output',
  ],
  'tested with a server, in parallel/nats': ['parallel/nats/options onEvent'],
};

test('every function among the options of the declarations has a row', () => {
  const declared = Object.keys(rows).filter((name) => !undeclared.includes(name));
  const found = new Set<string>();
  for (const [file, text] of declarations())
    for (const [, name = '', body = ''] of text.matchAll(
      /^(?:export |declare )*interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm,
    ))
      if (/(Options|Input|Writing|Parameters|Log)$/.test(name))
        for (const [, member, type = ''] of body.matchAll(/^ {4}(?:readonly )?(\w+)\??: ([^;]*);/gm))
          if (/=>/.test(type) || functionTypes.some((alias) => new RegExp(`\\b${alias}\\b`).test(type)))
            found.add(`${file} ${member}`);
  expect([...found].sort()).toEqual([...declared, ...Object.values(others).flat()].sort());
});

/** In types that are no interfaces, or an argument. */
const undeclared = [
  'pipeline/streams/compare-files.node onProgress',
  'udf/live/plots show',
  'crystal/geometry/pixels header',
];

/** Names of types that are functions. */
const functionTypes = [
  ...['HeaderValues', 'Include', 'LoadNats', 'LogSink', 'MaskFactory', 'OpenOther', 'OutputTarget'],
  ...['DetermineNavShape', 'Split', 'WasmSource'],
];
