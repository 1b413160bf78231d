// A user-defined kernel on a GPU: the same UDF in JavaScript and in WGSL. Their results are compared, then the UDF
// runs. Without WebGPU the JavaScript version runs, with the same results. node examples/udf/wgsl.mjs
import { Context, defineUdf, isEwaldError, validateUdf } from 'ewald/udf';

export const brightest = defineUdf({
  name: 'brightest',
  module: import.meta.url,
  params: { floor: 0 },
  buffers: {
    value: { kind: 'nav', dtype: 'f32' },
    above: { kind: 'sig', dtype: 'u32' },
  },
  processFrame({ frame, results, params }) {
    let most = 0;
    for (let i = 0; i < frame.length; i++) {
      if (frame[i] > most) most = frame[i];
      if (frame[i] > params.floor) results.above[i]++;
    }
    results.value[0] = most;
  },
  // 64 lanes share a frame: each processes every 64th pixel, and lanes_max combines their results.
  processFrameWgsl: `
    fn process_frame(lane: u32) {
      var most = 0.0;
      for (var i = lane; i < PIXELS; i += LANES) {
        most = max(most, pixel(i));
        if (pixel(i) > params.floor) { set_above(i, get_above(i) + 1u); }
      }
      set_value(0u, lanes_max(most));
    }`,
  merge({ dest, src }) {
    dest.value.set(src.value);
    for (let i = 0; i < dest.above.length; i++) dest.above[i] += src.above[i];
  },
});

const udf = brightest.withParams({ floor: 40 });
const report = await validateUdf(udf).catch((error) => {
  if (!isEwaldError(error, 'Unsupported')) throw error;
  return undefined;
});
if (report) for (const { name, error } of report.results) console.log(`${name}: WGSL differs by ${error}`);
else console.log('no WebGPU here: JavaScript does it');

const frames = Uint16Array.from({ length: 12 * 64 }, (_, i) => i % 97);
const ctx = new Context(report ? { context: { backend: 'webgpu', log: { level: 'error' } } } : {});
const { value, above } = await ctx.runUdf(ctx.fromMemory(frames, { navShape: [3, 4], sigShape: [8, 8] }), udf);
console.log('brightest', value.data[0], 'above 40 at the first pixel:', above.data[0]);
await ctx.close();
if (report && !report.pass) process.exitCode = 1;
