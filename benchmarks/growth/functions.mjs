// A user's functions whose results are as large as a frame. A highest count changes at random in the first frames of a
// partition, which processors do not foresee: what few large frames take more is that, and not the run's.
export const highest = {
  name: 'highest',
  module: import.meta.url,
  buffers: { value: { kind: 'sig', dtype: 'f64' } },
  processFrame({ frame, results: { value } }) {
    for (let i = 0; i < frame.length; i++) if (frame[i] > value[i]) value[i] = frame[i];
  },
  merge({ dest: { value }, src: { value: other } }) {
    for (let i = 0; i < value.length; i++) if (other[i] > value[i]) value[i] = other[i];
  },
};

export const added = {
  name: 'added',
  module: import.meta.url,
  buffers: { value: { kind: 'sig', dtype: 'f64' } },
  processFrame({ frame, results: { value } }) {
    for (let i = 0; i < frame.length; i++) value[i] += frame[i];
  },
  merge({ dest: { value }, src: { value: other } }) {
    for (let i = 0; i < value.length; i++) value[i] += other[i];
  },
};
