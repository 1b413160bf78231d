// User-defined UDFs in JavaScript and in WGSL, and a task that reports the device of its worker. It imports nothing, so
// that it can be sent as source.
const reduce = `
  var sum = 0.0;
  var most = 0.0;
  for (var i = lane; i < PIXELS; i += LANES) {
    sum += pixel(i);
    most = max(most, pixel(i));
    set_tower(i, get_tower(i) + pixel(i));
  }
  let all = lanes_sum(sum);
  let top = lanes_max(most);`;

/** The same computation in both languages, with integers, so equal to the last bit. */
export const twins = {
  name: 'twins',
  module: import.meta.url,
  params: { factor: 1 },
  buffers: { value: { kind: 'nav', dtype: 'f32', extraShape: [2] }, tower: { kind: 'sig', dtype: 'f32' } },
  processFrame({ frame, results, params }) {
    results.value[1] = params.factor * frame.reduce((a, b) => Math.max(a, b));
    results.value[0] = frame.reduce((a, b) => a + b, 0);
    for (let i = 0; i < frame.length; i++) results.tower[i] += frame[i];
  },
  processFrameWgsl: `fn process_frame(lane: u32) {${reduce}
    if (lane == 0u) { set_value(0u, all); set_value(1u, params.factor * top); }
  }`,
  merge({ dest, src }) {
    dest.value.set(src.value);
    for (let i = 0; i < dest.tower.length; i++) dest.tower[i] += src.tower[i];
  },
};

/** Different in the two languages: the result shows which of them has run. */
export const which = {
  name: 'which',
  module: import.meta.url,
  buffers: { language: { kind: 'nav', dtype: 'u8' } },
  processFrame({ results }) {
    results.language[0] = 1;
  },
  processFrameWgsl: 'fn process_frame(lane: u32) { if (lane == 0u) { set_language(0u, 2u); } }',
};

/** Reports where a pass of a worker runs; slow enough that another worker takes the next pass. */
export async function place(_, scope) {
  const context = await scope.context();
  const pass = await context.framePass({ width: 2, height: 2, dtype: 'u16', steps: [{ kind: 'sum' }] });
  const { sig } = await pass.run(Uint16Array.of(1, 2, 3, 4), 1);
  await pass.dispose();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return `${pass.backend} ${[...sig].join()}`;
}
