// `node benchmarks/run.mjs udf`: compares sums, disks, centres of mass and masks with NumPy, in one run on one core,
// with marks. Also reports without marks: a file compared with the kernel alone, and masks on a card where there is
// one.
//   --frames N   frames of 256 x 256 (default 2048; 16384 is a scan of 128 x 128)   --repeats R   --json
// Times are CPU seconds of one thread, the best of R. Results are compared before they are timed.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { record } from '../lib/lines.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    frames: { type: 'string', default: '2048' },
    repeats: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const [frames, repeats, side] = [Number(options.frames), Number(options.repeats), 256];
const { createContext, devices } = await import(pathToFileURL(join(root, 'dist/index.node.js')).href);
const { Context, comUdf, defineUdf, masks, masksUdf } = await import(
  pathToFileURL(join(root, 'dist/udf.node.js')).href
);
const print = (line) => options.json || process.stdout.write(`${line}\n`);

/**
 * Throughput of LiberTEM 0.17 on one core of such a machine, in GB/s: 128 x 128 x 256 x 256 in memory, its float64
 * standard deviation, a disk as one mask. The factor is how many times as fast the native core should be.
 */
const libertem = {
  u16: { com: 2.35, disk: 6.5, stddev: 0.86 },
  f32: { com: 8.1, disk: 29.4, stddev: 0.95 },
};
const overLibertem = 4;

/** The smallest ratios to NumPy that are aimed at. */
const aims = {
  native: { com: 5, disk: 3, stddev: 5, sum: 1, masks16: 0.9 },
  wasm: { com: 4, disk: 3, stddev: 2.5, sum: 0.9, masks16: 0.5 },
};

const pixels = side * side;
const size = { width: side, height: side };
const disk = masks.circular({ ...size, cx: side / 2, cy: side / 2, r: side * 0.39 });
const spansOf = (mask) => {
  const spans = [];
  for (let i = 0; i < mask.length; i++) {
    const edge = i % side === 0;
    if (mask[i] && (edge || !mask[i - 1])) spans.push(i);
    if (mask[i] && ((i + 1) % side === 0 || !mask[i + 1])) spans.push(i + 1);
  }
  return Uint32Array.from(spans);
};
const all = spansOf(new Uint8Array(pixels).fill(1));
const sixteen = new Float32Array(16 * pixels);
for (let k = 0; k < 16; k++)
  for (let i = 0; i < pixels; i++) sixteen[k * pixels + i] = Math.cos((k * (i % side)) / side);
const steps = {
  com: [{ kind: 'com', spans: all }],
  disk: [{ kind: 'sumOf', spans: spansOf(disk) }],
  stddev: [{ kind: 'moments' }],
  sum: [{ kind: 'sum' }],
  masks16: [{ kind: 'dense', weights: sixteen, masks: 16 }],
};
/** The check value that NumPy reports. */
const checks = {
  com: ({ nav }) => nav[1] / nav[0],
  disk: ({ nav }) => nav[0],
  stddev: ({ sig }, dtype) =>
    Math.sqrt(dtype === 'u16' ? sig[pixels] / frames - (sig[0] / frames) ** 2 : sig[pixels] / frames),
  sum: ({ sig }) => sig[0],
  masks16: ({ nav }) => nav[15],
};

const cpuSeconds = async (work) => {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1e6, value];
};

/**
 * Compares native results with LiberTEM. There is no mark where the aim exceeds the memory bandwidth of this machine;
 * LiberTEM's machine read 60 GB/s.
 */
function overLiberTem(dtype) {
  const own = Object.fromEntries(
    lines.filter((line) => line.backend === 'native' && line.dtype === dtype).map(({ name, gbps }) => [name, gbps]),
  );
  for (const [name, rival] of Object.entries(libertem[dtype])) {
    const ratio = own[name] / rival;
    const within = overLibertem * rival <= own.sum;
    const pass = ratio >= overLibertem;
    lines.push({ backend: 'native', name: `${name} over LiberTEM`, dtype, ratio, aim: overLibertem, within, pass });
    const peer = { name: 'LiberTEM', value: rival, elsewhere: true };
    record({ what: `native ${name} ${dtype}`, value: own[name], unit: 'GB/s', peer });
    print(
      `  ${pass ? 'pass' : within ? 'MISS' : '--  '}  native ${name} ${dtype}: ${ratio.toFixed(2)} x LiberTEM's ` +
        `${rival} GB/s elsewhere (aim ` +
        `${overLibertem}${within ? '' : `, more than the ${own.sum.toFixed(1)} GB/s that memory gives here`})`,
    );
  }
}

/**
 * Compares one worker on one core with two workers on two cores on the same file, in wall-clock seconds. As a control,
 * runs two processes of one worker each, with one core and half of the file each: this is what the machine can provide
 * where cores share memory bandwidth.
 */
async function workers() {
  if (cpus().length < 2) return print('        two workers: this machine has one core');
  const file = join(folder, 'workers.raw');
  const count = 4 * Math.min(frames, 2048);
  writeFileSync(file, '');
  for (let i = 0; i < 4; i++) appendFileSync(file, new Uint16Array((count / 4) * pixels).fill(7));
  const program = fileURLToPath(new URL('./workers.mjs', import.meta.url));
  const pinned = process.platform === 'linux' && existsSync('/usr/bin/taskset');
  const seconds = (cores, count) =>
    new Promise((done, failed) => {
      const args = [program, cores.length, file, count, repeats].map(String);
      const [command, all] = pinned
        ? ['/usr/bin/taskset', ['-c', cores.join(','), process.execPath, ...args]]
        : [process.execPath, args];
      const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'inherit'] });
      let told = '';
      child.stdout.on('data', (piece) => {
        told += piece;
      });
      child.on('error', failed);
      child.on('close', (code) => (code === 0 ? done(Number(told)) : failed(new Error(`workers ended with ${code}`))));
    });
  const one = await seconds([0], count);
  const two = await seconds([0, 1], count);
  truncateSync(file, (count / 2) * pixels * 2);
  const apart = Math.max(...(await Promise.all([seconds([0], count / 2), seconds([1], count / 2)])));
  rmSync(file);
  const ratio = one / two;
  record({ what: 'two workers over one', value: ratio, unit: 'x', aim: 1.8 });
  lines.push({ name: 'two workers', ratio, aim: 1.8, control: one / apart, pass: ratio >= 1.8 });
  print(
    `  ${ratio >= 1.8 ? 'pass' : 'MISS'}  two workers: ${ratio.toFixed(2)} x one (aim 1.8), ` +
      `${((count * pixels * 2) / two / 1e9).toFixed(2)} GB/s of a file; two processes with half of it each: ` +
      `${(one / apart).toFixed(2)} x one`,
  );
}

const fastest = async (work) => {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const began = performance.now();
    await work();
    best = Math.min(best, (performance.now() - began) / 1000);
  }
  return best;
};

/**
 * Compares UDFs on a file (in the page cache) with the kernel alone on all cores: the share of the speed that remains
 * after reading, partitioning and merging.
 */
async function fromFile(data) {
  const file = join(folder, 'whole.raw');
  writeFileSync(file, data);
  const ctx = new Context();
  const context = await createContext();
  try {
    const scan = await ctx.load(file, { format: 'raw', dtype: 'u16', sigShape: [side, side], navShape: [frames] });
    for (const [name, udf] of Object.entries({ com: comUdf(), disk: masksUdf({ masks: [disk] }) })) {
      const pass = await context.framePass({ ...size, dtype: 'u16', steps: steps[name] });
      const gbps = data.byteLength / 1e9 / (await fastest(() => ctx.runUdf(scan, udf)));
      const kernel = data.byteLength / 1e9 / (await fastest(() => pass.run(data, frames)));
      await pass.dispose();
      lines.push({ name: `${name} of a file`, backend: context.backends[0].name, gbps, kernel });
      print(
        `        ${name} of a file: ${gbps.toFixed(2)} GB/s; the kernel alone, of memory: ${kernel.toFixed(2)} GB/s`,
      );
    }
  } finally {
    await ctx.close();
    await context.dispose();
    rmSync(file);
  }
}

/** Times dense masks on frames in the memory of a card; benchmarks/gpu.md gives the figure that it is compared with. */
async function onCard() {
  const name = '16 masks on a card';
  const found = (await devices()).find(({ backend, available }) => backend === 'cuda' && available);
  if (!found) {
    lines.push({ name, absent: true });
    return print(`        ${name}: absent (no NVIDIA card)`);
  }
  const count = 4096;
  const context = await createContext({ backend: 'cuda', strict: true });
  const there = await context.array(new Uint16Array(count * pixels).fill(9));
  const pass = await context.framePass({ ...size, dtype: 'u16', steps: steps.masks16 });
  await pass.run(there, count);
  const gbps = (2 * count * pixels) / 1e9 / (await fastest(() => pass.run(there, count)));
  await pass.dispose();
  await context.dispose();
  lines.push({ name, backend: 'cuda', device: found.device?.name, gbps });
  print(`        ${name} (${found.device?.name}): ${gbps.toFixed(0)} GB/s of frames that lie there`);
}

const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-udf-'));
const lines = [];
/** The version of NumPy and its BLAS library. */
let numpy;
let wrong = false;
print(
  `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${frames} frames of ${side} x ${side}`,
);
try {
  for (const dtype of ['u16', 'f32']) {
    const data = dtype === 'u16' ? new Uint16Array(frames * pixels) : new Float32Array(frames * pixels);
    for (let i = 0, state = 1; i < data.length; i++) {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      data[i] = state >>> 20;
    }
    const file = join(folder, `${dtype}.raw`);
    writeFileSync(file, data);
    const python = spawnSync(
      '/usr/bin/python3',
      [
        fileURLToPath(new URL('numpy_peer.py', import.meta.url)),
        file,
        dtype,
        String(frames),
        String(side),
        String(repeats),
      ],
      {
        encoding: 'utf8',
        env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
        maxBuffer: 2 ** 26,
      },
    );
    rmSync(file);
    const peer = python.status === 0 ? JSON.parse(python.stdout) : undefined;
    numpy ??= peer && { version: peer.numpy, blas: peer.blas };
    if (!peer) print(`NumPy is absent: ${python.stderr.trim().split('\n').at(-1)} (apt-get install python3-numpy)`);
    const rate = (seconds) => data.byteLength / 1e9 / seconds;
    if (peer && dtype === 'u16')
      print(`NumPy ${peer.numpy}, ${peer.blas === '' ? 'without a BLAS library' : `products by ${peer.blas}`}`);
    if (peer)
      print(
        `${dtype}: NumPy reads ${rate(peer.read[0]).toFixed(1)} GB/s, copies ${rate(peer.memcpy[0]).toFixed(1)} GB/s`,
      );
    if (dtype === 'u16') await fromFile(data);
    for (const backend of ['native', 'wasm']) {
      const context = await createContext({ backend, strict: true }).catch(() => undefined);
      if (!context) {
        print(`${backend}: not here`);
        continue;
      }
      for (const [name, list] of Object.entries(steps)) {
        const pass = await context.framePass({ ...size, dtype, steps: list, threads: 1 });
        let best = Number.POSITIVE_INFINITY;
        let found;
        for (let i = 0; i < repeats; i++) {
          const [seconds, value] = await cpuSeconds(() => pass.run(data, frames));
          best = Math.min(best, seconds);
          found = value;
        }
        await pass.dispose();
        const [theirs, expected] = peer?.[name] ?? [];
        const got = checks[name](found, dtype);
        if (expected !== undefined && Math.abs(got - expected) > 1e-4 * Math.max(1, Math.abs(expected))) {
          wrong = true;
          print(`  WRONG ${backend} ${name} ${dtype}: ${got}, NumPy has ${expected}`);
        }
        const ratio = theirs === undefined ? undefined : theirs / best;
        const aim = aims[backend][name];
        lines.push({
          backend,
          name,
          dtype,
          gbps: rate(best),
          numpy: theirs && rate(theirs),
          ratio,
          aim,
          pass: ratio >= aim,
        });
        const numpy = theirs && { name: 'NumPy', value: rate(theirs) };
        record({
          what: `${backend} ${name} ${dtype}, in memory`,
          value: rate(best),
          unit: 'GB/s',
          peer: numpy,
          aim,
          aimOf: 'ratio',
        });
        const mark = ratio === undefined ? '--  ' : ratio >= aim ? 'pass' : 'MISS';
        print(
          `  ${mark}  ${backend} ${name} ${dtype}: ${rate(best).toFixed(2)} ` +
            `GB/s${theirs ? `, NumPy ${rate(theirs).toFixed(2)}: ${ratio.toFixed(2)} x (aim ${aim})` : ''}`,
        );
      }
      await context.dispose();
      if (backend === 'native') overLiberTem(dtype);
    }
  }
  const ctx = new Context();
  const small = ctx.fromMemory(new Uint8Array(200_000), { sigShape: [1, 1], navShape: [200_000] });
  const empty = defineUdf({
    name: 'empty',
    buffers: { n: { kind: 'nav', dtype: 'f32' } },
    processFrame: ({ results }) => {
      results.n[0] = 1;
    },
  });
  await ctx.runUdf(small, empty);
  const [seconds] = await cpuSeconds(() => ctx.runUdf(small, empty));
  const perCall = (seconds / 200_000) * 1e6;
  record({ what: 'a call of processFrame', value: perCall, unit: 'µs', aim: 2, most: true });
  lines.push({ name: 'call of processFrame', microseconds: perCall, aim: 2, pass: perCall <= 2 });
  print(`  ${perCall <= 2 ? 'pass' : 'MISS'}  a call of processFrame: ${perCall.toFixed(2)} µs (aim at most 2)`);
  await ctx.close();
  await onCard();
  await workers();
} finally {
  rmSync(folder, { recursive: true });
}
if (options.json) process.stdout.write(`${JSON.stringify({ frames, numpy, lines })}\n`);
process.exitCode = wrong ? 1 : 0;
