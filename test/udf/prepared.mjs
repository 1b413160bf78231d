// Functions that prepare a transform, choose their method, and use coordinates, as workers import them by name.
export const spectrum = {
  name: 'spectrum',
  module: import.meta.url,
  params: { scale: 1 },
  buffers: { power: { kind: 'nav', dtype: 'f64', extraShape: [2] } },
  async prepare({ meta, params, fft }) {
    const [height, width] = meta.sig;
    const plan = await fft({ shape: [height, width], kind: 'r2c' });
    return {
      plan,
      scale: params.scale,
      frame: new Float32Array(height * width),
      spectrum: new Float32Array(2 * height * (width / 2 + 1)),
    };
  },
  processFrame({ frame, results, prepared: { plan, scale, frame: real, spectrum: out } }) {
    real.set(frame);
    plan.now.forward(real, out);
    results.power[0] = scale * out[0];
    results.power[1] = scale * Math.hypot(out[2], out[3]);
  },
};

/** The axis of the scan that a position has, by the method that `by` chooses. */
export const places = {
  name: 'places',
  module: import.meta.url,
  params: { by: 'processFrame', depth: 2 },
  buffers: { place: { kind: 'nav', dtype: 'f64', extraShape: [2] }, tiles: { kind: 'nav', dtype: 'u32' } },
  getMethod: ({ params }) => params.by,
  tiling: ({ params }) => ({ depth: params.depth }),
  processFrame({ results, coordinates }) {
    results.place.set(coordinates);
  },
  processTile({ results, meta, positions, depth }) {
    const first = meta.positions.indexOf(positions[0]);
    results.place.set(meta.coordinates.subarray(2 * first, 2 * (first + depth)));
    results.tiles.fill(depth);
  },
  processPartition({ results, meta, count }) {
    results.place.set(meta.coordinates);
    results.tiles.fill(count);
  },
};
