#!/usr/bin/env node
// `node benchmarks/run.mjs data`: decodes detector frames of 4 Mpixel. Each codec is verified before it is timed, and
// peers run in the same process.
//   [--seconds S] a line (default 1)
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { deflateSync, inflate } from 'node:zlib';
import { record } from '../lib/lines.mjs';
import { crew } from './crew.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const load = (file) => import(pathToFileURL(join(root, file)).href);
const { openCodecs, open } = await load('dist/data.node.js');

const pythonPlugins = process.env.HDF5_PLUGIN_PATH ?? '/usr/lib/x86_64-linux-gnu/hdf5/serial/plugins';
const h5pyScript = `import h5py, sys, time, numpy as np
d = h5py.File(sys.argv[1], 'r')['data']; out = np.empty(d.shape, d.dtype); best = 1e9; end = time.time() + float(sys.argv[2])
while time.time() < end:
    began = time.perf_counter(); d.read_direct(out); best = min(best, time.perf_counter() - began)
print(out.nbytes / best / 1e9)`;

const libdeflateScript = `import ctypes, sys, time
lib = ctypes.CDLL('libdeflate.so.0'); lib.libdeflate_alloc_decompressor.restype = ctypes.c_void_p
unpack = lib.libdeflate_zlib_decompress
unpack.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]
it = lib.libdeflate_alloc_decompressor(); zipped = open(sys.argv[1], 'rb').read(); out = ctypes.create_string_buffer(int(sys.argv[2]))
best = 1e9; end = time.time() + float(sys.argv[3])
while time.time() < end:
    began = time.perf_counter(); code = unpack(it, zipped, len(zipped), out, len(out), None); best = min(best, time.perf_counter() - began)
    assert code == 0
print(len(out) / best / 1e9)`;
const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);

await main();

/** Poisson-like background with a few strong pixels, as in still images. */
function frame(size, background) {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  // At high counts a normal distribution is close enough.
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const pixels = size === 2 ? new Uint16Array(2048 * 2048) : new Uint32Array(2048 * 2048);
  const least = Math.exp(-background);
  for (let i = 0; i < pixels.length; i++) {
    let n = -1;
    if (background > 50) n = Math.max(0, Math.round(background + Math.sqrt(background) * normal()));
    else for (let product = 1; product > least; n++) product *= random();
    pixels[i] = random() < 1e-4 ? Math.floor(random() * 5000) : n;
  }
  return new Uint8Array(pixels.buffer);
}

/**
 * The shortest time of each contestant, in milliseconds. Contestants take turns for `seconds` each, so that a
 * disturbance affects all of them.
 */
async function race(seconds, contestants) {
  const least = contestants.map(() => Number.POSITIVE_INFINITY);
  const end = performance.now() + seconds * 1000 * contestants.length;
  do
    for (const [i, work] of contestants.entries()) {
      const began = performance.now();
      const told = await work();
      least[i] = Math.min(least[i], typeof told === 'number' ? told : performance.now() - began);
    }
  while (performance.now() < end);
  return least;
}

async function main() {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '1' } } });
  const seconds = Number(values.seconds);
  /** The frames that the following lines are about. */
  let group = '';
  console.log(
    `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}; load ` +
      `${loadavg()[0].toFixed(1)}; best of ${seconds} s a line`,
  );
  const mark = (what, value, aim, unit, most = false) => {
    record({ what: `${group}: ${what}`, value, unit, aim, most });
    const verdict = aim === undefined ? '    ' : (most ? value <= aim : value >= aim) ? 'pass' : 'MISS';
    const goal = aim === undefined ? '' : ` (aim ${most ? 'at most' : 'at least'} ${Number(aim.toPrecision(3))})`;
    console.log(`  ${verdict}  ${what.padEnd(58)} ${value.toFixed(2).padStart(8)} ${unit}${goal}`);
  };
  const native = await openCodecs({ backend: 'native' }).catch(() => undefined);
  const wasm = await openCodecs({ backend: 'wasm' });
  const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-'));
  try {
    for (const [size, background, name] of [
      [2, 0.7, 'u16'],
      [4, 5, 'u32'],
      [2, 5000, 'u16, noisy'],
    ]) {
      const pixels = frame(size, background);
      const codec = { codec: 'bitshuffleLz4', elementBytes: size };
      const chunk = await wasm.encode(codec, pixels);
      const ratio = pixels.length / chunk.length;
      const aims = ratio >= 4 ? { native: 5, wasm: 3.5 } : {};
      const out = new Uint8Array(pixels.length);
      const rate = (ms) => pixels.length / ms / 1e6;
      group = name;
      console.log(`${name}, 2048 x 2048, ratio ${ratio.toFixed(1)}`);
      const kinds = Object.entries({ native, wasm }).filter(([, codecs]) => codecs);
      for (const [label, codecs] of kinds) {
        out.fill(0);
        await codecs.decode(codec, chunk, out);
        if (Buffer.compare(out, pixels) !== 0) throw new Error(`${label} decodes ${name} wrongly`);
      }
      const times = await race(
        seconds,
        kinds.map(
          ([, codecs]) =>
            () =>
              codecs.decode(codec, chunk, out),
        ),
      );
      for (const [i, [label]] of kinds.entries())
        mark(`bitshuffle + LZ4, ${label}`, rate(times[i]), aims[label], 'GB/s');
      const file = join(folder, 'chunk');
      writeFileSync(file, chunk);
      for (const [backend] of kinds)
        await twoOverOne({ chunk: file, bytes: pixels.length, size, backend }, mark, seconds);
      await peers(folder, name, pixels, size, mark, seconds);
      await gzip(folder, { native, wasm }, pixels, mark, seconds);
    }
    await master(folder, mark);
    console.log('stacks as their formats store them, beside plain reads of the same bytes');
    spawnSync(process.execPath, [join(root, 'benchmarks/frames/stacks.mjs')], { stdio: 'inherit' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await wasm.dispose();
  }
}

/**
 * Compares two workers with one, and as a control two processes with one: on a machine whose processors share a core,
 * no code can gain more than the control. Also compares processor time, which a busy machine affects less: it shows
 * what two exclusive processors would give.
 */
async function twoOverOne(job, mark, seconds) {
  const crews = [];
  for (const kind of ['workers', 'processes']) for (const count of [1, 2]) crews.push(await crew(kind, count, job));
  const processors = crews.map(() => Number.POSITIVE_INFINITY);
  // Eight chunks at a time: long enough for two workers to overlap, short enough to fit between disturbances.
  const clock = await race(
    seconds,
    crews.map((each, i) => async () => {
      const took = await each.run(8);
      processors[i] = Math.min(processors[i], took.processors);
      return took.clock;
    }),
  );
  await Promise.all(crews.map((each) => each.end()));
  for (const [what, [one, two, single, pair], times] of [
    ['', clock, 1],
    [', by processor time', processors, 2],
  ]) {
    const machine = (times * single) / pair;
    mark(`two processes, ${job.backend}, over one${what}`, machine, undefined, 'x');
    // Where two processes gain less than the aim for two workers, the gain of the processes is the aim.
    mark(`two workers, ${job.backend}, over one${what}`, (times * one) / two, Math.min(1.8, 0.95 * machine), 'x');
  }
}

/** Our test files: a master with 100 data files, written by our own writer and by h5py's links. */
async function writeFile(path, write) {
  const parts = [];
  let _length = 0;
  const { Hdf5Writer } = await load('build/esm/hdf5/writer.js');
  const codecs = await openCodecs();
  const sink = {
    async append(bytes) {
      parts.push(bytes.slice());
      _length += bytes.length;
    },
    async patch(_at, bytes) {
      parts[0].set(bytes);
    },
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  await writer.finish(await write(writer));
  writeFileSync(path, Buffer.concat(parts));
  await codecs.dispose();
}

async function master(folder, mark) {
  if (!python) return console.log('a master of 100 data files: absent (h5py writes its links)');
  const at = join(folder, 'eiger');
  mkdirSync(at);
  for (let i = 1; i <= 100; i++)
    await writeFile(join(at, `run_data_${String(i).padStart(6, '0')}.h5`), async (writer) => {
      const series = writer.series({ frames: 10, signal: [512, 512], dtype: 'u32' });
      await series.write(new Uint32Array(10 * 512 * 512).fill(i));
      return { entry: { children: { data: { children: { data: { frames: series } } } } } };
    });
  const script = `import h5py,sys
f=h5py.File(sys.argv[1]+'/run_master.h5','w')
g=f.create_group('entry/data')
for i in range(1,101): g['data_%06d'%i]=h5py.ExternalLink('run_data_%06d.h5'%i,'/entry/data/data')`;
  spawnSync(python, ['-c', script, at]);
  let [opening, first] = [Infinity, Infinity];
  for (let i = 0; i < 30; i++) {
    const began = performance.now();
    const dataset = await open(join(at, 'run_master.h5'));
    opening = Math.min(opening, performance.now() - began);
    const then = performance.now();
    await dataset.read(0, 1);
    first = Math.min(first, performance.now() - then);
    if (dataset.frames !== 1000) throw new Error(`${dataset.frames} frames`);
    if ((await dataset.read(999, 1))[5] !== 100) throw new Error('the last frame is wrong');
    await dataset.dispose();
  }
  console.log('an Eiger master of 100 data files, 1000 frames');
  mark('opening', opening, 50, 'ms', true);
  mark('its first frame', first, 20, 'ms', true);
}

/**
 * Decodes gzip chunks of HDF5 with our codec, with the zlib of Node (Chromium's vectorised version) and, where it is
 * installed, with libdeflate.
 */
async function gzip(folder, { native, wasm }, pixels, mark, seconds) {
  const zipped = deflateSync(pixels, { level: 4 });
  const out = new Uint8Array(pixels.length);
  const rate = (ms) => pixels.length / ms / 1e6;
  const options = { chunkSize: pixels.length + 1 };
  const kinds = Object.entries({ native, wasm }).filter(([, codecs]) => codecs);
  for (const [label, codecs] of kinds) {
    out.fill(0);
    await codecs.decode({ codec: 'zlib' }, zipped, out);
    if (Buffer.compare(out, pixels) !== 0) throw new Error(`${label} unpacks gzip wrongly`);
  }
  const [zlib, ...ours] = await race(seconds, [
    () => new Promise((done) => inflate(zipped, options, () => done())),
    ...kinds.map(
      ([, codecs]) =>
        () =>
          codecs.decode({ codec: 'zlib' }, zipped, out),
    ),
  ]);
  mark('gzip, zlib of Node', rate(zlib), undefined, 'GB/s');
  const path = join(folder, 'zipped');
  writeFileSync(path, zipped);
  const args = ['-c', libdeflateScript, path, String(pixels.length), String(seconds)];
  const library = spawnSync(python ?? 'python3', args, { encoding: 'utf8' });
  if (library.status === 0) mark('gzip, libdeflate', Number(library.stdout), undefined, 'GB/s');
  else console.log('        libdeflate: absent (Debian: libdeflate0, python3)');
  for (const [i, [label]] of kinds.entries()) {
    mark(`gzip, ${label}`, rate(ours[i]), undefined, 'GB/s');
    mark(`gzip, ${label} over zlib of Node`, zlib / ours[i], label === 'native' ? 1.2 : 0.9, 'x');
  }
}

/** Times h5py on the same file, with the plugin that Debian packages. */
function h5py(path, mark, seconds) {
  const env = { ...process.env, HDF5_PLUGIN_PATH: pythonPlugins };
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', h5pyScript, path, String(seconds)], {
    env,
    encoding: 'utf8',
  });
  if (status === 0) mark('h5py with the bitshuffle plugin of Debian, one frame', Number(stdout), undefined, 'GB/s');
  else
    console.log(
      '        h5py with a plugin: absent (Debian: python3-h5py, bitshuffle; HDF5_PLUGIN_PATH): ' +
        `${String(stderr).trim().split('\n').at(-1)}`,
    );
}

/** Times our reader, and h5py and h5wasm with their plugins, on the same file. */
async function peers(folder, name, pixels, size, mark, seconds) {
  const path = join(folder, `${name.replace(/\W/g, '')}.h5`);
  await writeFile(path, async (writer) => {
    const series = writer.series({ frames: 1, signal: [2048, 2048], dtype: size === 2 ? 'u16' : 'u32' });
    await series.write(size === 2 ? new Uint16Array(pixels.buffer) : new Uint32Array(pixels.buffer));
    return { data: { frames: series } };
  });
  const whole = await open(path);
  const into = await whole.read(0, 1);
  const [ms] = await race(seconds, [() => whole.read(0, 1, into)]);
  mark('our reader, the file in the page cache, one frame', pixels.length / ms / 1e6, undefined, 'GB/s');
  await whole.dispose();
  h5py(path, mark, seconds);
  try {
    const { default: h5wasm } = await import('h5wasm/node');
    (await h5wasm.ready).insert_plugin_search_path(resolve(root, 'node_modules/h5wasm-plugins/plugins'), 0);
    const file = new h5wasm.File(path, 'r');
    const data = file.get('/data');
    if (Buffer.compare(new Uint8Array(data.value.buffer, data.value.byteOffset, pixels.length), pixels) !== 0)
      throw new Error('h5wasm reads another frame');
    mark(
      'h5wasm with its plugin, one frame',
      pixels.length / (await race(seconds, [() => data.value]))[0] / 1e6,
      undefined,
      'GB/s',
    );
    file.close();
  } catch (error) {
    console.log(`        h5wasm: absent (${String(error.message).split('\n')[0]})`);
  }
}
