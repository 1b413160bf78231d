// `npm run bench -- card`: whole runs and scans from files packed by bitshuffle and LZ4, decoded by the card or by cores.
//   node benchmarks/card/run.mjs [--seconds N] [--quick]
// Runs of 4.5-Mpixel frames by the command, on the backend that is chosen, on native and on the card with 1, 4 and 16
// jobs, and a scan of 512 x 512 u16 frames in JavaScript: sum, standard deviation, centres of mass and 16 masks. Every
// frame must be indexed, streams of the card must be the same however they were made, and sums must be those of native.
// A rate excludes the start: it is that of the frames which a longer run has more. Beside it stand the bytes that go to
// the card for a frame, and GB/s of them, whose bound is a copy from page-locked memory (ewald_cuda_bounds in the offline
// pack). --quick takes small frames: it rehearses on emulated CUDA, and its rates mean nothing. It prints one JSON
// document. EWALD_BACKENDS lists the backends.
import { spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const seconds = Number(process.argv[process.argv.indexOf('--seconds') + 1] || 60);
const backends = (process.env.EWALD_BACKENDS ?? 'native').split(',').filter((name) => name && name !== 'wasm');
const card = backends.find((name) => name.startsWith('cuda'));
const here = fileURLToPath(new URL('../../dist/', import.meta.url));
const packed = () => dirname(createRequire(pathToFileURL(import.meta.filename)).resolve('ewald'));
const dist = existsSync(join(here, 'cli.js')) ? here : packed();
const { devices } = await import(pathToFileURL(join(dist, 'index.node.js')).href);
/** A rehearsal has the emulator in the place of a card. */
const isEmulated = (await devices()).some(({ backend, name }) => backend === card && /emulated/.test(name ?? ''));
const isQuick = process.argv.includes('--quick') || card === 'cuda-emulated' || isEmulated;
const until = performance.now() + 1000 * seconds;
const left = () => (until - performance.now()) / 1000;

/** Simulated frames, how often they are repeated in a file, and files of the longer run. */
const [frames, repeats, most] = isQuick ? [3, 1, 2] : [8, 64, 5];
const [width, height] = isQuick ? [256, 256] : [2068, 2162];
const simulated = isQuick
  ? ['--distance', '19', '--modules', '1,2', '--cell', '44,57,68,82,97,104', '--strength', '900']
  : [];
/** Frames of a scan, and pixels to a side of one: a part of 512 x 512 x 192 x 192. */
const [scanFrames, side] = isQuick ? [12, 64] : [1024, 512];
const jobs = isQuick ? [1, 2] : [1, 4, 16];
/** What a run determines from its first frames, which takes an emulator longest. */
const known = isQuick ? ['--threshold=12', '--min-res=12', '--int-radius=3,4,6', '--refine-geometry=off'] : [];
const rows = [];
const wrong = [];
const folder = mkdtempSync(join(tmpdir(), 'ewald-card-'));
let running;

/** Runs ewald; resolves to { code, out, err, seconds }, with code null where time was up. */
function ewald(...args) {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(dist, 'cli.js'), ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running = child;
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(1, until - performance.now()));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, out, err, seconds: (performance.now() - began) / 1000 });
    });
  });
}

function report(interrupted) {
  rmSync(folder, { recursive: true, force: true });
  const told = rows.map(({ what, backend, rate, refused }) =>
    refused ? `${what} on ${backend}: ${refused}` : `${what} on ${backend} ${rate.toPrecision(3)} frames/s`,
  );
  const document = { summary: [...wrong, ...told].join('; '), wrong, interrupted, isQuick, rows };
  process.stdout.write(`${JSON.stringify(document)}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    running?.kill('SIGKILL');
    report(true);
    process.exit();
  });

/** Runs in the order of what they decide: the time may not suffice for all. */
const decodings = { device: 'decoded there', cores: 'decoded on cores' };
const variants = [
  ...(card ? Object.keys(decodings).map((decodeOn) => ({ backend: card, jobs: jobs.at(-1), decodeOn })) : []),
  { backend: 'chosen' },
  { backend: 'native', jobs: jobs.at(-1) },
  ...(card
    ? jobs.slice(0, -1).flatMap((n) => Object.keys(decodings).map((decodeOn) => ({ backend: card, jobs: n, decodeOn })))
    : []),
];

/** A run over some copies of the file. */
async function index({ backend, jobs: n, decodeOn }, copies) {
  const files = Array.from({ length: copies }, (_, i) => `run${i}.h5`);
  const how = [
    ...(backend === 'chosen' ? [] : ['--backend', backend]),
    ...(n ? ['-j', String(n)] : []),
    ...(decodeOn ? ['--decode-on', decodeOn] : []),
    ...known,
  ];
  const output = `${backend}-${n}-${decodeOn}-${copies}.stream`;
  const run = await ewald('index', ...files, '-g', 'made/run.geom', '-p', 'made/run.cell', ...how, '-o', output);
  const [, indexed = 0] = /(\d+) of \d+ frames indexed/.exec(run.out + run.err) ?? [];
  return { ...run, indexed: Number(indexed), output };
}

/** The chunks of a stream, without its head, which names the command. */
const chunksOf = (file) => {
  const text = readFileSync(join(folder, file), 'latin1');
  return text.slice(text.indexOf('----- Begin chunk'));
};

/** The file: simulated frames, repeated; and copies of it. Returns why it cannot be made. */
async function make() {
  const size = ['--images', String(frames), '--seed', '3', '--size', `${width},${height}`, ...simulated];
  const steps = [
    () => ewald('simulate', 'frames', '-o', 'made', ...size),
    () => {
      mkdirSync(join(folder, 'many'));
      for (let i = 0; i < repeats; i++) linkSync(join(folder, 'made/run.h5'), join(folder, `many/run${i}.h5`));
      return ewald('convert', 'many/run*.h5', '-o', 'run0.h5');
    },
  ];
  for (const step of steps) {
    const { code, err } = await step();
    if (code === null) return 'no time';
    if (code !== 0) return err.trim().split('\n').at(-1);
  }
  for (let i = 1; i < most; i++) copyFileSync(join(folder, 'run0.h5'), join(folder, `run${i}.h5`));
  return undefined;
}

/** A row of so many frames in a second, of which each sends so many bytes to the card. */
const timed = (what, backend, rate, sent) => ({
  what,
  backend: backend === card ? 'cuda' : backend,
  rate,
  unit: 'frames/s',
  ...(sent && { bytesSent: Math.round(sent), gbps: (rate * sent) / 1e9 }),
});

async function runs() {
  const why = await make();
  if (why === 'no time') return rows.push({ what: 'whole run', backend: 'any', refused: why });
  if (why) return wrong.push(`no frames could be simulated: ${why}`);
  const decodedBytes = 2 * width * height;
  const packedBytes = statSync(join(folder, 'run0.h5')).size / (frames * repeats);
  let expected;
  for (const variant of variants) {
    const { backend, jobs: n, decodeOn } = variant;
    const how = [n && `${n} jobs`, decodings[decodeOn]].filter(Boolean);
    const what = ['whole run', `frames of ${width} x ${height}`, ...how].join(', ');
    const short = await index(variant, 1);
    const long = short.code === 0 ? await index(variant, most) : undefined;
    if (short.code === null || long?.code === null) {
      rows.push({ what, backend, refused: 'no time' });
      continue;
    }
    const all = frames * repeats * (1 + most);
    const found = short.indexed + (long?.indexed ?? 0);
    if (long?.code !== 0 || found !== all) {
      const told = (long ?? short).err.trim().split('\n').at(-1);
      wrong.push(`${what} on ${backend}: ${found} of ${all} indexed, ${told}`);
      continue;
    }
    if (backend === card) {
      const chunks = chunksOf(long.output);
      expected ??= chunks;
      if (chunks !== expected) wrong.push(`${what} on ${backend}: another stream than that of ${rows[0]?.what}`);
    }
    const rate = (frames * repeats * (most - 1)) / (long.seconds - short.seconds);
    if (!(rate > 0)) {
      rows.push({ what, backend, refused: 'right, and too short to be timed' });
      continue;
    }
    const sent = backend !== card ? undefined : decodeOn === 'device' ? packedBytes : decodedBytes;
    rows.push({
      ...timed(what, backend, rate, sent),
      seconds: long.seconds,
      first: short.seconds,
      told: (long.err + long.out).trim().split('\n').slice(-6),
    });
  }
}

/** A scan of counts about 0.7 with a disk, as numbers and packed. */
async function makeScan() {
  const pixels = side * side;
  const shape = `(${scanFrames}, ${side}, ${side}), }`;
  const head = `{'descr': '<u2', 'fortran_order': False, 'shape': ${shape}`.padEnd(117);
  const file = openSync(join(folder, 'scan.npy'), 'w');
  writeSync(file, Buffer.from(`\x93NUMPY\x01\x00\x76\x00${head}\n`, 'latin1'));
  const frame = new Uint16Array(pixels);
  for (let f = 0; f < scanFrames; f++) {
    for (let i = 0; i < pixels; i++) {
      const bits = Math.imul(i + 977 * f, 2654435761) >>> 0;
      const [x, y] = [(i % side) - side / 2, Math.floor(i / side) - side / 2];
      frame[i] = (bits >>> 31) + ((bits >>> 29) & 1) + (x * x + y * y < (side / 10) ** 2 ? (bits >>> 24) & 31 : 0);
    }
    writeSync(file, frame);
  }
  closeSync(file);
  return ewald('convert', 'scan.npy', '-o', 'scan.h5');
}

async function scans() {
  const { code } = await makeScan();
  if (code !== 0) return rows.push({ what: 'scan', backend: 'any', refused: 'no time' });
  const load = (entry) => import(pathToFileURL(join(dist, entry)).href);
  const { Context, comUdf, masksUdf, stddevUdf, sumUdf } = await load('udf.node.js');
  const bytes = 2 * side * side;
  const packedBytes = statSync(join(folder, 'scan.h5')).size / scanFrames;
  const masks = Array.from({ length: 16 }, (_, m) =>
    Float32Array.from({ length: side * side }, (__, i) => (i * (m + 3)) % 5),
  );
  const products = {
    sum: () => [sumUdf()],
    'sum, deviation, centres of mass': () => [sumUdf(), stddevUdf(), comUdf({ cx: side / 2, cy: side / 2 })],
    '16 masks': () => [masksUdf({ masks })],
  };
  const sums = new Map();
  for (const backend of [...(card ? [card] : []), 'native'])
    for (const file of ['scan.h5', 'scan.npy']) {
      const ctx = new Context({ context: { backend, log: { level: 'error' } } });
      const scan = await ctx.load(join(folder, file));
      for (const [name, udfs] of Object.entries(products)) {
        const what = `${name} of ${side} x ${side}, ${file === 'scan.h5' ? 'packed' : 'numbers'} from a file`;
        if (left() < 3) {
          rows.push({ what, backend, refused: 'no time' });
          continue;
        }
        try {
          let least = Number.POSITIVE_INFINITY;
          for (let turn = 0; turn < (isQuick ? 1 : 3); turn++) {
            const began = performance.now();
            const [first] = await ctx.runUdf(scan, udfs());
            least = Math.min(least, (performance.now() - began) / 1000);
            const data = Object.values(first)[0].data;
            const sum = data.reduce((all, value) => all + value, 0);
            const known = sums.get(name) ?? sum;
            sums.set(name, known);
            if (Math.abs(sum - known) > 1e-6 * Math.abs(known))
              wrong.push(`${what} on ${backend}: ${sum}, not ${known}`);
          }
          const sent = backend === card ? (file === 'scan.h5' ? packedBytes : bytes) : undefined;
          const rate = scanFrames / least;
          rows.push(timed(what, backend, rate, sent));
        } catch (error) {
          wrong.push(`${what} on ${backend}: ${error.message}`);
        }
      }
      await ctx.close();
    }
}

await runs();
if (left() > 10) await scans();
report(left() < 0);
