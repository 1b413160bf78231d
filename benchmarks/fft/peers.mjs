// Times the packages of benchmarks/package.json and our wasm in one process; they take turns in each case: node
// peers.mjs SECONDS
//
// `core` is the shipped dist/ewald.wasm called from JavaScript with the data in its heap; `api` is what users call:
// ctx.fft with JavaScript arrays. Every result is compared with the definition before it is timed. Prints one line of
// JSON.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { here, root } from './build.mjs';
import { facade, packages } from './goals.mjs';
import { load, makeInput, sampledError } from './packages.mjs';

const seconds = Number(process.argv[2] ?? 0.4);
const from = (file) => import(pathToFileURL(path.join(root, file)).href);
const { createContext } = await from('dist/index.node.js');
const { Core } = await from('build/esm/compute/backends/wasm/heap.js');
const { fftDescriptor, fftEnums } = await from('build/esm/compute/layout/fft.js');
const { pack, structBytes } = await from('build/esm/compute/layout/struct.js');

const { core, execute } = await instantiate();
const contexts = { wasm: await createContext({ backend: 'wasm', strict: true }) };
try {
  contexts.native = await createContext({ backend: 'native', strict: true });
} catch {
  // The addon was not built, so the native columns stay empty.
}

/**
 * The shipped core and a direct reference to its function: a call by name would cost more than the shortest transforms.
 */
async function instantiate() {
  let exports;
  const instantiateWasm = WebAssembly.instantiate;
  WebAssembly.instantiate = async (...args) => {
    const instance = await instantiateWasm(...args);
    exports = instance.exports;
    return instance;
  };
  const made = await Core.instantiate(await WebAssembly.compile(await readFile(path.join(root, 'dist/ewald.wasm'))));
  WebAssembly.instantiate = instantiateWasm;
  return { core: made, execute: exports.ewald_fft_execute };
}

const product = (shape) => shape.reduce((a, b) => a * b, 1);
const resultOf = (out) => (k) => [out[2 * k], out[2 * k + 1]];

function planCore(kind, shape, input, batch = 1) {
  const results =
    kind === 'r2c' ? (product(shape) / shape.at(-1)) * (Math.floor(shape.at(-1) / 2) + 1) : product(shape);
  const [described, place, a, b] = [structBytes(fftDescriptor), 4, input.byteLength * batch, 8 * results * batch].map(
    (bytes) => core.alloc(bytes),
  );
  const fields = {
    rank: shape.length,
    kind: fftEnums.FftKind[kind],
    shape,
    batch,
    reduced: shape.length - 1,
    threads: 1,
  };
  core.write(described, pack(fftDescriptor, fields));
  core.check('ewald_fft_create', described, place);
  const handle = new Uint32Array(1);
  core.read(place, handle);
  const [plan] = handle;
  for (let i = 0; i < batch; i++) core.write(a + i * input.byteLength, input);
  const number = new Float32Array(2);
  return {
    run: () => execute(plan, 0, a, b, 0, 0),
    at(k) {
      core.read(b + 8 * k, number);
      return [...number];
    },
    dispose() {
      core.call('ewald_fft_destroy', plan);
      for (const address of [described, place, a, b]) core.free(address);
    },
  };
}

async function planApi(backend, kind, shape, input, batch = 1) {
  const plan = await contexts[backend].fft({ shape, kind, batch, threads: 1 });
  const many = new Float32Array(input.length * batch);
  for (let i = 0; i < batch; i++) many.set(input, i * input.length);
  const out = new Float32Array(plan.outputLength);
  return { run: () => plan.forward(many, out), at: resultOf(out), dispose: () => plan.dispose(), waits: true };
}

async function time({ run, waits }, count) {
  const begin = performance.now();
  if (waits) for (let i = 0; i < count; i++) await run();
  else for (let i = 0; i < count; i++) run();
  return ((performance.now() - begin) * 1000) / count;
}

/** Verifies all contestants, then times them in turns: minimum and median of each in microseconds. */
async function compare(kind, shape, input, contestants) {
  const results = {};
  const racing = [];
  for (const [name, made] of Object.entries(contestants)) {
    try {
      const contestant = await made();
      // V8 optimises code only after it has run for some time.
      const warm = performance.now();
      do await contestant.run();
      while (performance.now() - warm < 60);
      const error = sampledError(kind, shape, input, contestant.at);
      results[name] = error < 1e-4 ? { error } : { error, wrong: `relative error ${error.toPrecision(2)}` };
      if (error < 1e-4)
        racing.push({
          name,
          contestant,
          times: [],
          count: Math.max(1, Math.round(2000 / (await time(contestant, 1)))),
        });
      else await contestant.dispose?.();
    } catch (error) {
      results[name] = { wrong: String(error?.message ?? error).split('\n')[0] };
    }
  }
  const begin = performance.now();
  while (performance.now() - begin < seconds * 1000 || racing.some(({ times }) => times.length < 3))
    for (const { contestant, times, count } of racing) times.push(await time(contestant, count));
  for (const { name, contestant, times } of racing) {
    times.sort((a, b) => a - b);
    Object.assign(results[name], { us: times[0], medianUs: times[times.length >> 1] });
    await contestant.dispose?.();
  }
  return results;
}

const shapes = new Map();
for (const [name, { c2c = [], r2c = [], nd = [] }] of Object.entries(packages))
  for (const [kind, list] of [
    ['c2c', [...c2c, ...nd]],
    ['r2c', r2c],
  ])
    for (const shape of list) shapes.set(`${kind}:f32:${shape}`, [...(shapes.get(`${kind}:f32:${shape}`) ?? []), name]);

const report = { peers: [], facade: [], missing: {} };
const loaded = {};
for (const name of Object.keys(packages)) {
  try {
    loaded[name] = await load(name);
  } catch (error) {
    report.missing[name] = existsSync(path.join(here, '../node_modules', name))
      ? String(error).split('\n')[0]
      : 'not installed';
  }
}
for (const [id, names] of shapes) {
  const [kind, , text] = id.split(':');
  const shape = text.split('x').map(Number);
  const input = makeInput(kind, shape);
  const contestants = { core: () => planCore(kind, shape, input), api: () => planApi('wasm', kind, shape, input) };
  for (const name of names) if (loaded[name]) contestants[name] = () => loaded[name](kind, shape, input);
  report.peers.push({ case: id, results: await compare(kind, shape, input, contestants) });
}
for (const [n, batch] of facade) {
  const input = makeInput('c2c', [n]);
  const contestants = { core: () => planCore('c2c', [n], input, batch) };
  for (const backend of Object.keys(contexts)) contestants[backend] = () => planApi(backend, 'c2c', [n], input, batch);
  report.facade.push({ n, batch, results: await compare('c2c', [n], input, contestants) });
}
for (const context of Object.values(contexts)) await context.dispose();
process.stdout.write(`${JSON.stringify(report)}\n`);
