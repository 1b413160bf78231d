// UDFs of a user, as they travel to workers: found by name among what this module exports. It imports nothing, so that a
// cluster may send it as source.
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

/** Ends its worker, once: the file of its parameter says whether it has. */
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

/** Kills the whole process it runs in, once, as `kill -9` does: in the middle of a partition. */
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
