// Repeats the tests of test/hostile many times at random moments: workers terminated while they compute, arrays lost
// during a run, runs stopped by their signals, contexts left to the garbage collector.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cellFromParameters, createContext, devices, simulateSpots } from '../../dist/index.node.js';

export const name = 'hostile';
export const about = 'workers ended, arrays lost, runs aborted and contexts forgotten at random moments';
export const minutes = 10;

const program = (file) => fileURLToPath(new URL(`../hostile/${file}`, import.meta.url));
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tagged = (error, ...tags) => {
  if (!tags.includes(error?.tag)) throw error;
};

/** Removes memory in one of the possible ways. */
function lose(array) {
  const { buffer } = array;
  if (buffer.resizable) buffer.resize(Math.floor(Math.random() * buffer.byteLength));
  else structuredClone(buffer, { transfer: [buffer] });
}
const made = (length, resizable) =>
  new Float32Array(new ArrayBuffer(4 * length, resizable ? { maxByteLength: 8 * length } : {}), 0, length);

/** Transforms whose arrays are lost, or that are stopped, shortly after they start; the next one must be correct. */
async function transforms(context, backend, rounds) {
  const n = 1 << 16;
  const plan = await context.fft({ shape: [n], batch: 4, threads: pick([1, 2]) });
  const signal = Float32Array.from({ length: plan.inputLength }, (_, i) => Math.sin(i * 0.37));
  const right = await plan.forward(signal);
  const same = (found) => Buffer.compare(Buffer.from(found.buffer), Buffer.from(right.buffer)) === 0;
  for (let i = 0; i < rounds; i++) {
    const [input, output] = [made(signal.length, i % 2), made(signal.length, i % 3 === 0)];
    input.set(signal);
    const guard = new Float32Array(signal.length).fill(7);
    const end = new AbortController();
    const run = plan.forward(input, output, { signal: end.signal });
    const settled = run.then(
      () => undefined,
      (error) => error,
    );
    await (i % 4 === 0 ? Promise.resolve() : pause(Math.random() * 3));
    const what = pick(['input', 'output', 'both', 'abort', 'none']);
    if (what === 'input' || what === 'both') lose(input);
    if (what === 'output' || what === 'both') lose(output);
    if (what === 'abort') end.abort();
    // New memory is allocated in place of the lost memory.
    const other = new Float32Array(signal.length).fill(9);
    const error = await settled;
    if (error) tagged(error, 'Shape', 'Aborted');
    else if (what === 'none' && !same(output.slice()))
      throw new Error(`${backend}: a run that nobody disturbed is wrong`);
    if (!guard.every((x) => x === 7) || !other.every((x) => x === 9))
      throw new Error(`${backend}: memory of others was written (${what})`);
    if (!same(await plan.forward(signal))) throw new Error(`${backend}: the run after "${what}" is wrong`);
  }
  await plan.dispose();
}

/** Batches and streams that are stopped at a random moment; the next batch must equal the first one. */
async function batches(context, backend, rounds) {
  const cells = cellFromParameters(60, 70, 80, 90, 100, 90);
  const images = simulateSpots({ cell: cells, images: 300, spots: 60, seed: 4 });
  const offsets = Uint32Array.from({ length: images.length + 1 });
  images.forEach(({ owner }, i) => {
    offsets[i + 1] = offsets[i] + owner.length;
  });
  const spots = Float32Array.from(images.flatMap((image) => [...image.spots]));
  const indexer = await context.indexer({ batch: images.length, maxOutputCells: 2 });
  const whole = await indexer.run({ spots, offsets, cells });
  for (let i = 0; i < rounds; i++) {
    const end = new AbortController();
    setTimeout(() => end.abort(), Math.random() * 100);
    if (i % 2) {
      const reading = (async () => {
        for await (const _ of indexer.stream(images, { cells, signal: end.signal }));
      })();
      await reading.catch((error) => tagged(error, 'Aborted'));
    } else {
      const lost = spots.slice();
      const run = indexer.run({ spots: lost, offsets, cells, signal: end.signal });
      if (i % 4) lose(lost);
      await run.catch((error) => tagged(error, 'Aborted', 'Shape'));
    }
    const { found } = await indexer.run({ spots, offsets, cells });
    if (Buffer.compare(found, whole.found) !== 0)
      throw new Error(`${backend}: a batch after one that was ended differs`);
  }
  await indexer.dispose();
}

export async function run({ scale = 1, note = () => {} } = {}) {
  const rounds = (n) => Math.max(2, Math.round(n * scale));
  const present = new Set((await devices()).filter(({ available }) => available).map(({ backend }) => backend));
  for (const backend of ['native', 'wasm'].filter((candidate) => present.has(candidate))) {
    const context = await createContext({ backend, strict: true, log: { level: 'error' } });
    await transforms(context, backend, rounds(1000));
    await batches(context, backend, rounds(60));
    await context.dispose();
    if (context.liveBytes !== 0) throw new Error(`${backend}: ${context.liveBytes} bytes are left`);
    note(`${backend}: runs, their arrays and their ends`);
    for (const work of ['fft', 'pi', 'indexing', 'plans']) {
      const delays = Array.from({ length: rounds(100) }, () => (Math.random() * 30).toFixed(2));
      const out = execFileSync(process.execPath, [program('terminate.mjs'), backend, work, ...delays], {
        encoding: 'utf8',
      });
      if (out.trim().split('\n').length !== delays.length) throw new Error(`${backend}, ${work}: ${out}`);
    }
    note(`${backend}: workers ended`);
    for (let i = 0; i < rounds(20); i++) {
      const out = JSON.parse(
        execFileSync(process.execPath, ['--expose-gc', program('forgotten.mjs'), backend], { encoding: 'utf8' }),
      );
      if (out.told !== 5 || out.bytes !== 0) throw new Error(`${backend}: forgotten contexts: ${JSON.stringify(out)}`);
    }
    note(`${backend}: forgotten contexts`);
  }
}
