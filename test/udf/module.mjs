// User-defined UDFs as they are sent to workers, which find them by name among the exports of this module. It imports
// nothing, so that a cluster can send it as source.
export const brightest = {
  name: 'brightest',
  module: import.meta.url,
  params: { factor: 1 },
  buffers: {
    value: { kind: 'nav', dtype: 'f32' },
    total: { kind: 'single', dtype: 'f64' },
    tower: { kind: 'sig', dtype: 'f64' },
  },
  processFrame({ frame, results, params }) {
    let most = 0;
    for (let i = 0; i < frame.length; i++) {
      most = Math.max(most, frame[i]);
      results.tower[i] += Math.sqrt(frame[i]);
    }
    results.value[0] = params.factor * most;
    results.total[0] += most / 3;
  },
  merge({ dest, src }) {
    dest.value.set(src.value);
    dest.total[0] += src.total[0];
    for (let i = 0; i < dest.tower.length; i++) dest.tower[i] += src.tower[i];
  },
};

/** The maximum of each pixel, whose parts can be merged in any grouping. */
export const highest = {
  name: 'highest',
  module: import.meta.url,
  buffers: { value: { kind: 'sig', dtype: 'f32' } },
  mergesParts: true,
  processFrame({ frame, results: { value } }) {
    for (let i = 0; i < frame.length; i++) value[i] = Math.max(value[i], frame[i]);
  },
  merge({ dest, src }) {
    for (let i = 0; i < dest.value.length; i++) dest.value[i] = Math.max(dest.value[i], src.value[i]);
  },
};

/** Weighted sums, scaled, minus the difference of two numbers of the position; in tiles of two rows. */
export const weighted = {
  name: 'weighted',
  module: import.meta.url,
  params: { offsets: undefined, weights: undefined, factor: undefined },
  tiling: { depth: 3, bytes: 3 * 2 * 10 * 2 },
  buffers: { value: { kind: 'nav', dtype: 'f64' } },
  processTile({ tile, depth, pixels, firstPixel, aux, results }) {
    for (let i = 0; i < depth; i++) {
      if (firstPixel === 0) results.value[i] = aux.offsets[2 * i] - aux.offsets[2 * i + 1];
      for (let p = 0; p < pixels; p++) results.value[i] += aux.factor[0] * aux.weights[p] * tile[i * pixels + p];
    }
  },
};

/** A result that cannot be merged pairwise: the median, pixel by pixel, of the first frames of all partitions. */
export const median = {
  name: 'median',
  module: import.meta.url,
  buffers: {
    first: { kind: 'nav', dtype: 'f64' },
    middle: { kind: 'sig', dtype: 'f64' },
    parts: { kind: 'single', dtype: 'u32' },
  },
  processPartition({ frames, count, results }) {
    const pixels = results.middle.length;
    for (let i = 0; i < count; i++) results.first[i] = frames[i * pixels];
    results.middle.set(frames.subarray(0, pixels));
  },
  mergeAll({ parts }) {
    const middle = Float64Array.from(parts[0].middle, (_, p) => {
      const all = parts.map((part) => part.middle[p]).sort((a, b) => a - b);
      return all[Math.floor(all.length / 2)];
    });
    return { middle, parts: Uint32Array.of(parts.length) };
  },
};

/** Ends its worker once: the file given as a parameter records whether it has. */
export const deadly = {
  name: 'deadly',
  module: import.meta.url,
  params: { marker: '' },
  buffers: { value: { kind: 'nav', dtype: 'u8' } },
  processFrame({ results, params, position }) {
    results.value[0] = 1;
    if (position !== 17 || params.marker === '') return;
    const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
    if (existsSync(params.marker)) return;
    writeFileSync(params.marker, 'dead');
    process.exit(3);
  },
};

/** Kills its whole process once, like `kill -9`, in the middle of a partition. */
export const killer = {
  name: 'killer',
  module: import.meta.url,
  params: { marker: '' },
  buffers: { value: { kind: 'nav', dtype: 'u8' } },
  processFrame({ results, params, position }) {
    results.value[0] = 1;
    if (position !== 17 || params.marker === '') return;
    const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
    if (existsSync(params.marker)) return;
    writeFileSync(params.marker, String(process.pid));
    process.kill(process.pid, 'SIGKILL');
  },
};

export const thrower = {
  name: 'thrower',
  module: import.meta.url,
  buffers: { value: { kind: 'nav', dtype: 'u8' } },
  processFrame: function look({ position }) {
    if (position === 17) throw new Error('I cannot look at this');
  },
};

/**
 * The minimum of each pixel and of all pixels: results that start at infinity, and positions at -1 until they are seen.
 */
export const least = {
  name: 'least',
  module: import.meta.url,
  buffers: {
    pixel: { kind: 'sig', dtype: 'f64' },
    lowest: { kind: 'single', dtype: 'f64' },
    seen: { kind: 'nav', dtype: 'f64' },
  },
  preprocess({ results }) {
    results.pixel.fill(Infinity);
    results.lowest = Infinity;
    results.seen.fill(-1);
  },
  processFrame({ frame, results, position }) {
    for (let i = 0; i < frame.length; i++) results.pixel[i] = Math.min(results.pixel[i], frame[i]);
    results.lowest[0] = Math.min(results.lowest[0], ...frame);
    results.seen[0] = 100 + position;
  },
  merge({ dest, src }) {
    dest.seen.set(src.seen);
    dest.lowest[0] = Math.min(dest.lowest[0], src.lowest[0]);
    for (let i = 0; i < dest.pixel.length; i++) dest.pixel[i] = Math.min(dest.pixel[i], src.pixel[i]);
  },
};

/** Squares summed over each frame and over each pixel, with each of the three methods. */
const squaresBase = {
  module: import.meta.url,
  buffers: { each: { kind: 'nav', dtype: 'f64' }, pixel: { kind: 'sig', dtype: 'f64' } },
  merge({ dest, src }) {
    dest.each.set(src.each);
    for (let i = 0; i < dest.pixel.length; i++) dest.pixel[i] += src.pixel[i];
  },
};
function addSquares(frames, count, pixels, results) {
  for (let i = 0; i < count; i++)
    for (let p = 0; p < pixels; p++) {
      const square = frames[i * pixels + p] ** 2;
      results.each[i] += square;
      results.pixel[p] += square;
    }
}
export const squares = {
  ...squaresBase,
  name: 'squares',
  processFrame: ({ frame, results }) => addSquares(frame, 1, frame.length, results),
};
export const squaresOfTiles = {
  ...squaresBase,
  name: 'squares of tiles',
  tiling: { depth: 3, bytes: 300 },
  processTile: ({ tile, depth, pixels, results }) => addSquares(tile, depth, pixels, results),
};
export const squaresOfPartitions = {
  ...squaresBase,
  name: 'squares of partitions',
  processPartition: ({ frames, count, results }) => addSquares(frames, count, results.pixel.length, results),
};

/** Counts, for each frame, the results of earlier partitions whose buffers have been detached in this thread. */
const remembered = [];
export const remembering = {
  name: 'remembering',
  module: import.meta.url,
  buffers: { detached: { kind: 'nav', dtype: 'u8' } },
  processFrame({ results }) {
    results.detached[0] = remembered.filter((buffer) => buffer.byteLength === 0).length;
  },
  postprocess({ results }) {
    remembered.push(results.detached.buffer);
  },
};
