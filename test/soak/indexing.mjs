/**
 * Runs images by the hundred thousand through `run` and `stream` of one indexer on every available backend: memory must
 * not grow.
 */
import { cellFromParameters, createContext, devices } from '../../dist/index.node.js';
import { measure } from '../support/process-memory.mjs';

export const name = 'indexing';
export const about =
  '10^5 images through run and through stream on every backend present; a hundredth of that where the device is ' +
  'emulated';
export const minutes = 12;

const cell = cellFromParameters(50, 60, 70, 90, 100, 90);

// Lattice points of the cell in a few orientations, with varying numbers of spots, so that batches differ in size.
function stills(count, seed) {
  const [a, b, c] = cell;
  const volume = a[0] * b[1] * c[2];
  const dual = [
    [(b[1] * c[2]) / volume, 0, (-b[1] * c[0]) / volume],
    [0, 1 / b[1], 0],
    [0, 0, 1 / c[2]],
  ];
  return Array.from({ length: count }, (_, image) => {
    const [cos, sin] = [Math.cos(seed + image), Math.sin(seed + image)];
    const spots = [];
    for (let j = 0; j < 44 + (image % 7); j++) {
      const hkl = [(j % 4) - 2, ((j >> 2) % 4) - 1, (j >> 4) + 1];
      const [x, y, z] = [0, 1, 2].map((axis) => hkl.reduce((sum, index, k) => sum + index * dual[k][axis], 0));
      spots.push(cos * x - sin * y, sin * x + cos * y, z);
    }
    return { spots: Float32Array.from(spots) };
  });
}

function batchOf(images) {
  const offsets = new Uint32Array(images.length + 1);
  images.forEach(({ spots }, i) => {
    offsets[i + 1] = offsets[i] + spots.length / 3;
  });
  const spots = new Float32Array(3 * offsets[images.length]);
  images.forEach((image, i) => {
    spots.set(image.spots, 3 * offsets[i]);
  });
  return { spots, offsets, cells: cell };
}

async function* repeated(images, count) {
  for (let i = 0; i < count; i++) yield images[i % images.length];
}

async function through(backend, indexer, count, kinds) {
  const batch = kinds[0].images.length;
  let indexed = 0;
  for (let done = 0; done < count; done += batch) {
    const result = await indexer.run(kinds[(done / batch) % kinds.length].input);
    for (let i = 0; i < result.images; i++) indexed += result.image(i).crystals().length;
  }
  for await (const { image } of indexer.stream(repeated(kinds[0].images, count), { cells: cell }))
    indexed += image.crystals().length;
  if (indexed < 1.9 * count)
    throw new Error(`${backend}: ${indexed} lattices in ${2 * count} images that have one each`);
}

/** Runs the loop, shortened by `scale`. Throws if memory is retained. */
export async function run({ scale = 1, note = () => {} } = {}) {
  const present = (await devices())
    .filter(({ available }) => available)
    .map(({ backend, device }) => ({ backend, slow: device?.kind === 'software' }));
  // Only built for the tests, so devices() does not list it.
  const emulated = await createContext({ backend: 'cuda-emulated', strict: true, log: { level: 'silent' } }).catch(
    () => undefined,
  );
  if (emulated) {
    await emulated.dispose();
    present.push({ backend: 'cuda-emulated', slow: true });
  }
  for (const { backend, slow } of present) {
    // A software device takes a tenth of a second for each image.
    const batch = slow ? 10 : 250;
    const kinds = [0, 1, 2].map((seed) => stills(batch, seed)).map((images) => ({ images, input: batchOf(images) }));
    const count = Math.max(1, Math.round((1e5 * scale * (slow ? 0.01 : 1)) / batch)) * batch;
    const context = await createContext({ backend, strict: true, log: { level: 'error' } });
    const indexer = await context.indexer({ batch, maxSpots: 64, maxOutputCells: 4, threads: 1 });
    // Compiled code, pools and caches are allocated with the first images, and with the first batch of each kind.
    await through(backend, indexer, slow ? batch : Math.max(1000, count / 10), kinds);
    const [held, live] = [indexer.bytes, context.liveBytes];
    const before = await measure();
    const started = performance.now();
    await through(backend, indexer, count, kinds);
    const took = (performance.now() - started) / 1000;
    const after = await measure();
    const grown = Object.fromEntries(Object.keys(before).map((what) => [what, after[what] - before[what]]));
    const words = Object.entries(grown).map(([what, bytes]) => `${what} ${(bytes / 1e6).toFixed(2)} MB`);
    note(
      `${backend}: 2 × ${count} images in ${took.toFixed(1)} s, ${held} bytes held, memory changed by ` +
        `${words.join(', ')}`,
    );
    if (indexer.bytes !== held || context.liveBytes !== live)
      throw new Error(`${backend}: ${held} and ${live} bytes became ${indexer.bytes} and ${context.liveBytes}`);
    // Ten bytes for each image would show in the full run; the resident set also includes the reserves of the
    // allocators.
    if (grown.heapUsed > 1e6 + 5 * count)
      throw new Error(`${backend}: the JavaScript heap grew by ${grown.heapUsed} bytes in ${2 * count} images`);
    if (grown.arrayBuffers > 1e5)
      throw new Error(`${backend}: array buffers grew by ${grown.arrayBuffers} bytes in ${2 * count} images`);
    // The C heap is counted to the byte: a leak of one kilobyte per batch would show. Software WebGPU occasionally
    // allocates blocks of 64 MB from it, which belong to its driver.
    if (backend !== 'webgpu' && grown.nativeUsed > 5e5 + (1000 * 2 * count) / batch)
      throw new Error(`${backend}: the heap of C grew by ${grown.nativeUsed} bytes in ${(2 * count) / batch} batches`);
    if (grown.rss > 24e6 + 100 * count)
      throw new Error(`${backend}: the resident set grew by ${grown.rss} bytes in ${2 * count} images`);
    await context.dispose();
    if (context.liveBytes !== 0) throw new Error(`${backend}: ${context.liveBytes} bytes are left after disposal`);
  }
}
