/**
 * The declarations in a user's project: with and without the disposal types, for browsers and for Node, without any
 * other types.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tier, variants } from '../support/variants.js';
import { publicTypes } from './optional-members.js';
import { emptyFolder, node, root } from './support.js';

const usual = `
import { createContext, isEwaldError, type Context, type Indexer, type PiResult } from 'ewald';
import { type Dataset, isEwaldError as isDataError, memorySource, open } from 'ewald/data';
import type { WorkerRequest } from 'ewald/worker';

export async function pi(points: number): Promise<PiResult> {
  const ctx: Context = await createContext({ backend: 'wasm', strict: true });
  try {
    const plan = await ctx.pi({ threads: 1 });
    return await plan.run({ points, seed: 1n });
  } catch (error) {
    if (isEwaldError(error, 'Limit')) throw new Error(error.tag, { cause: error });
    throw error;
  } finally {
    await ctx.dispose();
  }
}

export async function index(ctx: Context): Promise<number> {
  const indexer: Indexer = await ctx.indexer({ maxSpots: 300, batch: 1 });
  const result = await indexer.run({ spots: new Float32Array(30), offsets: Uint32Array.of(0, 10), cells: Float32Array.of(80, 0, 0, 0, 80, 0, 0, 0, 40) });
  await indexer.dispose();
  return result.images;
}

export async function frames(bytes: Uint8Array): Promise<number> {
  const scan: Dataset = await open(memorySource(bytes, 'scan'), { format: 'raw', dtype: 'u16', sigShape: [256, 256] });
  const out = new Uint16Array(scan.frameLength);
  await scan.read(0, 1, out).catch((error: unknown) => isDataError(error, 'Format'));
  const { wavelengthA = 0 } = scan.meta;
  await scan.dispose();
  return wavelengthA + scan.shape.nav.length;
}

export const request: WorkerRequest = { id: 1, call: 'close' };
`;
const disposing = `
import { createContext } from 'ewald';
import { Context as UdfContext } from 'ewald/udf';
await using ctx = await createContext({ wasm: new URL('ewald.wasm', 'https://example.org') });
await using other = await createContext({ wasm: () => fetch('ewald.wasm'), worker: new URL('worker.js', 'https://example.org') });
await using third = await createContext({ wasm: await WebAssembly.compile(new Uint8Array()) });
await using udf = new UdfContext();
await using made = await UdfContext.makeWith('inline');
await using plan = await ctx.pi();
export const { hits } = await plan.run({ points: 1e6, signal: AbortSignal.timeout(1000) });
`;
const wrong = `
import { createContext } from 'ewald';
export const ctx = await createContext({ backend: 'abacus' });
`;

/** A program with a context, the sizes of a frame and its pixels. */
const ofContext = (expression: string): string => `
import type { Context } from 'ewald';
const frame = { width: 8, height: 8, dtype: 'u16' } as const;
export const made = (ctx: Context, pixels: Uint16Array) => ({ pixels, frame, plan: ${expression} });
`;

/** Compiles a user's file with only the shipped declarations; returns the messages of the compiler. */
const compile = (
  source: string,
  options: Record<string, unknown>,
  types: readonly string[] = [],
  compiler = 'typescript',
): Promise<string> => compileAll({ 'main.ts': source }, options, types, compiler);

/** Compiles several files of a user in the same way, in one process. */
async function compileAll(
  sources: Readonly<Record<string, string>>,
  options: Record<string, unknown>,
  types: readonly string[],
  compiler: string,
): Promise<string> {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: false,
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    types,
    ...options,
  };
  const folder = emptyFolder({
    'package.json': '{ "type": "module" }',
    ...sources,
    'tsconfig.json': JSON.stringify({ compilerOptions, files: Object.keys(sources) }),
  });
  // Copied, not linked: through a link the compiler would find the packages of this repository.
  const home = join(folder, 'node_modules/ewald');
  mkdirSync(home, { recursive: true });
  cpSync(join(root, 'package.json'), join(home, 'package.json'));
  cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true });
  if (types.includes('node')) {
    mkdirSync(join(folder, 'node_modules/@types'));
    symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
    symlinkSync(join(root, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'));
  }
  return (await node([join(root, 'node_modules', compiler, 'bin/tsc'), '-p', folder, '--pretty', 'false'])).out;
}

test.for(
  variants(
    [
      ['a browser without the disposal types', { lib: ['es2022', 'dom'] }, []],
      ['a browser with everything', { lib: ['esnext', 'esnext.disposable', 'dom'] }, []],
      ['a web worker', { lib: ['es2022', 'webworker'] }, []],
      ['Node with its types', { lib: ['es2022'], module: 'nodenext', moduleResolution: 'nodenext' }, ['node']],
      ['the language alone', { lib: ['es2022'] }, []],
    ] as const,
    2,
  ),
)('compiles in %s', { tags: tier }, async ([, options, types]) => {
  expect(await compile(usual, options, types)).toBe('');
});

test('no declaration names the buffer of an array, which TypeScript before 5.7 does not know', () => {
  const folder = join(root, 'dist/types');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'));
  expect(files.length).toBeGreaterThan(100);
  const generic = /\b\w+Array<(?:ArrayBuffer|SharedArrayBuffer)/;
  expect(files.filter((file) => generic.test(readFileSync(join(folder, file), 'utf8')))).toEqual([]);
});

test.for([
  ['a browser', { lib: ['es2022', 'dom'] }, []],
  ['Node with its types', { lib: ['es2022'], module: 'nodenext', moduleResolution: 'nodenext' }, ['node']],
  ['the language alone', { lib: ['es2022'] }, []],
] as const)('compiles with TypeScript 5.4 in %s', { tags: 'nightly' }, async ([, options, types]) => {
  expect(await compile(usual, options, types, 'typescript-5.4')).toBe('');
});

test('await using compiles where the disposal types are', { tags: 'nightly' }, async () => {
  expect(await compile(disposing, { target: 'es2022', lib: ['es2022', 'esnext.disposable', 'dom'] })).toBe('');
});

const compilers = ['typescript', 'typescript-5.4'];

/** What users of a page write; a compiler reads all of it at once, since reading the declarations takes most of its time. */
const rightPrograms: Readonly<Record<string, string>> = {
  'bytes that are handed out are parts of a Blob, and undefined is no option': `
import { type Context, formatNpy } from 'ewald';
import { open } from 'ewald/data';
export const npy = new Blob([formatNpy({ shape: [2], data: new Float32Array(2), complex: false })]);
export async function run(ctx: Context, file: File, signal: AbortSignal | undefined, threads: number | undefined) {
  const pieces: BlobPart[] = [];
  await open(file, { format: undefined, navShape: undefined, signal });
  await (await ctx.fft({ shape: [8], threads, kind: undefined })).dispose();
  await ctx.indexer({ maxSpots: threads, threads });
  const peaks = { minSnr: threads };
  for await (const _ of ctx.pipeline({ inputs: file, peaks, output: (piece) => void pieces.push(piece) }));
}
`,
  'results go to the calls of a page, frames from a dataset to a finder, and errors have their tag': `
import { type Context, isEwaldError } from 'ewald';
import { open } from 'ewald/data';
import { toRgba, vectorsToRgba } from 'ewald/udf';
export async function shown(ctx: Context, file: File): Promise<Response> {
  const dataset = await open(file);
  const [height = 1, width = 1] = dataset.shape.sig;
  const finder = await ctx.peaks({ width, height, dtype: dataset.dtype });
  const found = await finder.run(await dataset.read(0, 1));
  new ImageData(toRgba(found.intensity), 1, found.count);
  new ImageData(vectorsToRgba(new Float32Array(8)), 2, 2);
  postMessage(found, { transfer: [found.fs.buffer] });
  return fetch('peaks', { method: 'POST', body: new Blob([found.fs, found.panel]) });
}
export const post = (found: Awaited<ReturnType<Awaited<ReturnType<Context['peaks']>>['run']>>) =>
  fetch('peaks', { method: 'POST', body: found.ss });
export function status(error: unknown): 'Shape' | 'Limit' | undefined {
  if (isEwaldError(error, 'Shape')) return error.tag;
  if (isEwaldError(error)) return error.tag === 'Limit' ? error.tag : undefined;
  return undefined;
}
`,
  'options that are right, or known only at run time': `
import type { Context, FftKind, FftOptions, FinderName, PipelineOptions, R2rKind } from 'ewald';
import { defineUdf } from 'ewald/udf';
type Pixels = Uint16Array;
export async function run(ctx: Context, kind: FftKind, r2r: R2rKind | undefined, finder: FinderName, pixels: Pixels) {
  const options: FftOptions = { shape: [8], kind };
  await ctx.fft(options);
  await ctx.fft({ shape: [8], kind: 'r2r', r2r });
  await ctx.fft({ shape: [8], ...(kind === 'r2r' ? { kind, r2r } : { kind }) });
  const frame = { width: 8, height: 8, dtype: 'u16' } as const;
  await (await ctx.peaks(frame)).run(pixels, { minSnr: 5, localBgRadius: 3, maxPeaks: 9, centroid: 'weighted' });
  await (await ctx.peaks({ ...frame, finder: 'dispersion-extended' })).run(pixels, { kernelSize: 3 });
  await (await ctx.peaks({ ...frame, finder })).run(pixels, { minSquaredGradient: 2, gain: 1 });
  const inputs = 'run.h5';
  ctx.pipeline({ inputs, peaks: { minSnr: 5, localBgRadius: 3, centroid: 'weighted' } });
  ctx.pipeline({ inputs, finder: undefined, peaks: 'tune' });
  ctx.pipeline({ inputs, finder: 'dispersion', peaks: { kernelSize: 3, maxPeaks: 9 } });
  ctx.pipeline({ inputs, finder, peaks: { minSquaredGradient: 2, gain: 1 } });
  const ofRun: PipelineOptions = { inputs, finder: 'zaef', peaks: { minSquaredGradient: 2 } };
  ctx.pipeline({ ...ofRun, cells: [] });
  const listed: PipelineOptions<'cxi'> = { inputs, finder: 'cxi', hdf5Peaks: '/entry/peaks' };
  await ctx.cell({ ...listed, finder: 'hdf5' });
}
export const sums = defineUdf({
  name: 'sums',
  buffers: { mean: { kind: 'nav', dtype: 'f64' }, sum: { kind: 'sig', dtype: 'f64' } },
  processFrame({ frame, results }) {
    results.mean[0] = frame[0] ?? 0;
    results.sum[0]! += 1;
  },
  merge: ({ dest, src }) => dest.sum.forEach((_, i) => { dest.sum[i]! += src.sum[i]!; }),
});
export const made = defineUdf({
  name: 'made',
  buffers: { total: { kind: 'single', dtype: 'f64', use: 'resultOnly' }, each: { kind: 'nav', dtype: 'f64' } },
  processTile() {},
});
`,
};

/** The name of a file with the program of a test. */
const fileOf = (what: string): string => `${what.replaceAll(/[ ,']+/g, '-')}.ts`;

for (const compiler of compilers)
  test(`what is right compiles: ${compiler}`, { tags: compiler === 'typescript' ? 'all' : 'nightly' }, async () => {
    const sources = Object.fromEntries(Object.entries(rightPrograms).map(([what, text]) => [fileOf(what), text]));
    expect(await compileAll(sources, { lib: ['es2022', 'dom'] }, [], compiler)).toBe('');
  });

let read: ReturnType<typeof publicTypes> | undefined;
const types = () => {
  read ??= publicTypes();
  return read;
};

test('every class of a result has a plain form, or stays in its thread', { tags: 'all' }, () => {
  const { classes } = types();
  const names = (of: typeof classes): string[] => of.map(({ name }) => name);
  // test/hostile/clones.test.ts sends one of each.
  expect(names(classes.filter(({ hasPlain }) => hasPlain))).toEqual([
    ...['BufferError', 'EwaldError', 'IndexingResult', 'ResultBuffer', 'RunSummary', 'VirtualPowder'],
  ]);
  const others = [
    // What users make and give back.
    ...['Box', 'Corrections', 'Delayed', 'Directed', 'Problem'],
    // Handles of memory and of work that goes on.
    ...['Acquisition', 'FrameSimulator', 'Merger', 'NativeSpace', 'Pointer', 'ResidentScan', 'RowView', 'WasmSpace'],
    ...['VirtualCom', 'VirtualDetector'],
    // Sums that go on, and views of plain data that are made again at the other end: `ProfileRecord`, which is what
    // structured cloning leaves of a profile, and the lines of a stream. `values` of a map is plain.
    ...['ChipMap', 'ChipMaps', 'ProfileSum', 'RadialProfile'],
    // Members of other classes that users do not see.
    ...['KeptFrames', 'KnownCells'],
  ];
  expect(names(classes.filter(({ hasPlain, isHeld }) => !hasPlain && !isHeld))).toEqual(others.sort());
});

test('every optional member of what users pass in accepts undefined', { tags: 'all' }, () => {
  const { members } = types();
  expect(members.length).toBeGreaterThan(700);
  expect(members.filter(({ acceptsUndefined }) => !acceptsUndefined).map(({ name }) => name)).toEqual([]);
});

const wrongOptions: readonly (readonly [what: string, source: string, message: RegExp])[] = [
  ['a format', `import { open } from 'ewald/data'; export const frames = open('x', { format: 'hdf6' });`, /"hdf6"/],
  ['a backend', wrong, /"abacus"/],
  ['r2r without its kind', ofContext(`ctx.fft({ shape: [8], r2r: 'dct2' })`), /r2r/],
  ['r2r of another kind', ofContext(`ctx.fft({ shape: [8], kind: 'c2c', r2r: 'dct2' })`), /R2rKind/],
  [
    'a parameter of another finder',
    ofContext(`ctx.peaks({ ...frame, finder: 'zaef' }).then((plan) => plan.run(pixels, { minPixCount: 2 }))`),
    /'minPixCount'/,
  ],
  [
    'a parameter of another finder than the default',
    ofContext('ctx.peaks(frame).then((plan) => plan.run(pixels, { minSquaredGradient: 2 }))'),
    /'minSquaredGradient'/,
  ],
  [
    "a parameter of another finder than the run's",
    ofContext("ctx.pipeline({ inputs: 'run.h5', finder: 'zaef', peaks: { minPixCount: 2 } })"),
    /'minPixCount'/,
  ],
  [
    "a parameter of another finder than a run's default",
    ofContext("ctx.pipeline({ inputs: 'run.h5', peaks: { minSquaredGradient: 2 } })"),
    /'minSquaredGradient'/,
  ],
  [
    'a parameter of a search where peaks are listed',
    ofContext("ctx.pipeline({ inputs: 'run.cxi', finder: 'cxi', peaks: { threshold: 2 } })"),
    /'threshold'/,
  ],
  [
    "a parameter of another finder than the cell's",
    ofContext("ctx.cell({ inputs: 'run.h5', finder: 'zaef', peaks: { minPixCount: 2 } })"),
    /'minPixCount'/,
  ],
  [
    "a parameter of another finder than a searcher's",
    `import type { Context, Detector } from 'ewald';
export const plan = (ctx: Context, detector: Detector) =>
  ctx.frameSearcher({ detector, finder: 'dispersion', peaks: { minSnr: 4 } });`,
    /'minSnr'/,
  ],
  ['a finder of a run', ofContext("ctx.pipeline({ inputs: 'run.h5', finder: 'zaeff' })"), /"zaeff"/],
  ['a method of a run', ofContext("ctx.pipeline({ inputs: 'run.h5', method: 'slow' })"), /"slow"/],
  [
    'a UDF that processes nothing',
    `import { defineUdf } from 'ewald/udf';
export const udf = defineUdf({ name: 'none', buffers: { sum: { kind: 'nav', dtype: 'f64' } } });`,
    /processPartition/,
  ],
  [
    'a UDF that does not merge a sum over positions',
    `import { defineUdf } from 'ewald/udf';
export const udf = defineUdf({ name: 'sum', buffers: { sum: { kind: 'sig', dtype: 'f64' } }, processFrame() {} });`,
    /UdfDefinition/,
  ],
];

for (const compiler of compilers)
  test(`wrong options do not compile: ${compiler}`, {
    tags: 'nightly',
  }, async () => {
    const sources = Object.fromEntries(wrongOptions.map(([what, source]) => [fileOf(what), source]));
    const messages = await compileAll(sources, { lib: ['es2022', 'dom'] }, [], compiler);
    for (const [what, , message] of wrongOptions) {
      const file = fileOf(what);
      // Each message begins with the path of its file; the lines that explain it are indented.
      const [own = ''] = messages.split(/\n(?=\S)/).filter((one) => one.includes(`/${file}(`));
      expect(own, what).toMatch(message);
    }
  });
