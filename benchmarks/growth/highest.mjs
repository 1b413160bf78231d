// A user's function whose result is as large as a frame.
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
