/**
 * The declarations in a user's project: with and without the disposal types, for browsers and for Node, without any
 * other types.
 */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { optionalMembers } from './optional-members.js';
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
  return wavelengthA + scan.shape.navigation.length;
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

/** Compiles a user's file with only the shipped declarations; returns the messages of the compiler. */
async function compile(
  source: string,
  options: Record<string, unknown>,
  types: readonly string[] = [],
  compiler = 'typescript',
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
    'main.ts': source,
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['main.ts'] }),
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

test.for([
  ['a browser without the disposal types', { lib: ['es2022', 'dom'] }, []],
  ['a browser with everything', { lib: ['esnext', 'esnext.disposable', 'dom'] }, []],
  ['a web worker', { lib: ['es2022', 'webworker'] }, []],
  ['Node with its types', { lib: ['es2022'], module: 'nodenext', moduleResolution: 'nodenext' }, ['node']],
  ['the language alone', { lib: ['es2022'] }, []],
] as const)('compiles in %s', async ([, options, types]) => {
  expect(await compile(usual, options, types)).toBe('');
});

test.for([
  ['a browser', { lib: ['es2022', 'dom'] }, []],
  ['Node with its types', { lib: ['es2022'], module: 'nodenext', moduleResolution: 'nodenext' }, ['node']],
  ['the language alone', { lib: ['es2022'] }, []],
] as const)('compiles with TypeScript 5.4 in %s', async ([, options, types]) => {
  expect(await compile(usual, options, types, 'typescript-5.4')).toBe('');
});

test('await using compiles where the disposal types are', async () => {
  expect(await compile(disposing, { target: 'es2022', lib: ['es2022', 'esnext.disposable', 'dom'] })).toBe('');
});

const compilers = ['typescript', 'typescript-5.4'];

test.for(compilers)(
  'bytes that are handed out are parts of a Blob, and undefined is no option: %s',
  async (compiler) => {
    const source = `
import { type Context, formatNpy } from 'ewald';
import { open } from 'ewald/data';
export const npy = new Blob([formatNpy({ shape: [2], data: new Float32Array(2), complex: false })]);
export async function run(ctx: Context, file: File, signal: AbortSignal | undefined, threads: number | undefined) {
  const pieces: BlobPart[] = [];
  await open(file, { format: undefined, navShape: undefined, signal });
  await (await ctx.fft({ shape: [8], threads, kind: undefined })).dispose();
  await ctx.indexer({ maxSpots: threads, threads });
  for await (const _ of ctx.pipeline({ inputs: file, peaks: { minSnr: threads }, output: (piece) => void pieces.push(piece) }));
}
`;
    expect(await compile(source, { lib: ['es2022', 'dom'] }, [], compiler)).toBe('');
  },
);

test('every optional member of what users pass in accepts undefined', () => {
  const members = optionalMembers();
  expect(members.length).toBeGreaterThan(700);
  expect(members.filter(({ acceptsUndefined }) => !acceptsUndefined).map(({ name }) => name)).toEqual([]);
});

test.for([
  ['a format', `import { open } from 'ewald/data'; export const frames = open('x', { format: 'hdf6' });`, /"hdf6"/],
  ['a backend', wrong, /"abacus"/],
])('a wrong option does not compile: %s', async ([, source, message]) => {
  for (const compiler of compilers)
    expect(await compile(source as string, { lib: ['es2022', 'dom'] }, [], compiler)).toMatch(message as RegExp);
});
