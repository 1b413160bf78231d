/**
 * The files of a project with a user-defined function: the sum of each frame and the sum of all frames, in JavaScript
 * and in AssemblyScript. examples/udf has a module in C and a kernel in WGSL.
 */

/** The definition, with the JavaScript that the module is compared with. */
export const definition = (name: string, wasm: boolean): string => `import { defineUdf } from 'ewald/udf';

export const ${name} = defineUdf({
  name: '${name}',
  module: import.meta.url,
${wasm ? `  wasm: new URL('./${name}.wasm', import.meta.url),\n` : ''}  params: { factor: 1 },
  buffers: {
    sum: { kind: 'nav', dtype: 'f64' },
    total: { kind: 'sig', dtype: 'f64' },
  },
${wasm ? '  // The same in JavaScript: npm test compares the module with it.\n' : ''}\
  processFrame({ frame, params, results }) {
    let sum = 0;
    for (let i = 0; i < frame.length; i++) {
      sum += frame[i];
      results.total[i] += frame[i];
    }
    results.sum[0] = params.factor * sum;
  },
  merge({ dest, src }) {
    dest.sum.set(src.sum);
    for (let i = 0; i < dest.total.length; i++) dest.total[i] += src.total[i];
  },
});
`;

/** The test: the function against plain loops, and against itself where it has a module. */
export const testFile = (name: string): string => `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Context, validateUdf } from 'ewald/udf';
import { ${name} } from './${name}.mjs';

test('${name}: no frame is kept, and a module has the results of the JavaScript', async () => {
  const report = await validateUdf(${name});
  assert.ok(report.pass, JSON.stringify(report, null, 2));
});

test('${name}: the sums of six small frames', async () => {
  const frames = Uint16Array.from({ length: 6 * 20 }, (_, i) => (i * 31) % 17);
  const ctx = new Context();
  const scan = ctx.fromMemory(frames, { navShape: [2, 3], sigShape: [4, 5] });
  const { sum, total } = await ctx.runUdf(scan, ${name}.withParams({ factor: 2 }), { numPartitions: 2 });
  await ctx.close();
  for (let n = 0; n < 6; n++) assert.equal(sum.data[n], 2 * frames.slice(20 * n, 20 * n + 20).reduce((a, b) => a + b));
  for (let k = 0; k < 20; k++) {
    let expected = 0;
    for (let n = 0; n < 6; n++) expected += frames[20 * n + k];
    assert.equal(total.data[k], expected);
  }
});
`;

/** The module in AssemblyScript. */
export const inAssemblyScript = `const U16 = 2;
let pixels = 0;
let params: usize = 0;

/** Memory for the run. Allocate your own tables at top level or in setup, such as new StaticArray<f64>(9). */
export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

/** Called once per worker and run. A result other than 0 refuses the frames. */
export function setup(height: i32, width: i32, dtype: i32, given: usize): i32 {
  pixels = height * width;
  params = given;
  return dtype == U16 ? 0 : 1;
}

/**
 * Frames at consecutive positions of the scan. \`results\` has the address of each buffer, in the order of the
 * definition: that of \`sum\` begins at the first of these frames, \`total\` is whole.
 */
export function process(frames: usize, count: i32, position: i32, results: usize): i32 {
  const factor = load<f64>(params);
  const sums: usize = load<u32>(results);
  const totals: usize = load<u32>(results, 4);
  for (let n = 0; n < count; n++) {
    let sum: f64 = 0;
    for (let i = 0; i < pixels; i++) {
      const value = <f64>load<u16>(frames + 2 * (n * pixels + i));
      const total = totals + 8 * i;
      sum += value;
      store<f64>(total, load<f64>(total) + value);
    }
    store<f64>(sums + 8 * n, factor * sum);
  }
  return 0;
}
`;
