/**
 * The files of a project with a user-defined function: the sum of each frame and the sum of all frames, in JavaScript
 * and in a language that compiles to WebAssembly.
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

/** The module in C. */
export const inC = `#include <stdint.h>
#define EXPORT(name) __attribute__((export_name(#name)))

enum dtype { U8, I8, U16, I16, U32, I32, F32, F64, C64, C128 };
/* Parameters and addresses of the results, in the order of the definition. */
struct params { double factor; };
struct results { double *sum, *total; };

extern unsigned char __heap_base;
static const struct params *params;
static int pixels;

/* The first free byte: the memory from there on belongs to the run. Declare your own tables as static arrays. */
EXPORT(heap) void *heap(void) { return &__heap_base; }

/* Called once per worker and run. A result other than 0 refuses the frames. */
EXPORT(setup) int setup(int height, int width, int dtype, const struct params *given) {
  pixels = height * width;
  params = given;
  return dtype == U16 ? 0 : 1;
}

/* Frames at consecutive positions of the scan. results->sum begins at the first of them, results->total is whole. */
EXPORT(process) int process(const uint16_t *frames, int count, uint32_t position, const struct results *results) {
  for (int n = 0; n < count; n++, frames += pixels) {
    double sum = 0;
    for (int i = 0; i < pixels; i++) {
      sum += frames[i];
      results->total[i] += frames[i];
    }
    results->sum[n] = params->factor * sum;
  }
  return 0;
}
`;

/** Compiles the module in C with a clang that has a linker for WebAssembly, which not every clang has. */
export const buildC = (name: string): string => `import { spawnSync } from 'node:child_process';
import { isAbsolute } from 'node:path';

const flags = '--target=wasm32 -O3 -msimd128 -ffreestanding -nostdlib -Wl,--no-entry -o ${name}.wasm ${name}.c';
const numbered = Array.from({ length: 30 }, (_, i) => 'clang-' + (40 - i));
let found = 'no clang was found';
for (const clang of process.env.CLANG ? [process.env.CLANG] : ['clang', ...numbered]) {
  // Debian's clang does not look for wasm-ld in its own folder, but knows that it is there.
  const { stdout } = spawnSync(clang, ['-print-prog-name=wasm-ld'], { encoding: 'utf8' });
  const linker = stdout?.trim() ?? '';
  const args = [...flags.split(' '), ...(isAbsolute(linker) ? ['-fuse-ld=' + linker] : [])];
  const { error, status, stderr } = spawnSync(clang, args, { encoding: 'utf8' });
  if (status === 0) process.exit();
  if (error) continue;
  if (!/wasm-ld|No available targets/.test(stderr)) {
    console.error(stderr);
    process.exit(1);
  }
  found = clang + ' has no linker for WebAssembly (wasm-ld), or does not compile to it';
}
console.error(found + '; install clang and lld (Debian: apt install clang lld), or set CLANG to the path of another ' +
  'clang, such as upstream/bin/clang of Emscripten');
process.exit(1);
`;

/** The module in Rust. */
export const inRust = `#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// Parameters and addresses of the results, in the order of the definition.
#[repr(C)]
pub struct Params {
    factor: f64,
}
#[repr(C)]
pub struct Results {
    sum: *mut f64,
    total: *mut f64,
}

const U16: u32 = 2;

extern "C" {
    static __heap_base: u8;
}
static mut PARAMS: *const Params = core::ptr::null();
static mut PIXELS: usize = 0;

/// The first free byte: the memory from there on belongs to the run. Declare your own tables as statics.
#[no_mangle]
pub extern "C" fn heap() -> *const u8 {
    unsafe { &__heap_base }
}

/// Called once per worker and run. A result other than 0 refuses the frames.
#[no_mangle]
pub unsafe extern "C" fn setup(height: usize, width: usize, dtype: u32, params: *const Params) -> u32 {
    PIXELS = height * width;
    PARAMS = params;
    if dtype == U16 { 0 } else { 1 }
}

/// Frames at consecutive positions of the scan. \`sum\` begins at the first of them, \`total\` is whole.
#[no_mangle]
pub unsafe extern "C" fn process(frames: *const u16, count: usize, _position: u32, results: *const Results) -> u32 {
    let frames = core::slice::from_raw_parts(frames, count * PIXELS);
    let sums = core::slice::from_raw_parts_mut((*results).sum, count);
    let totals = core::slice::from_raw_parts_mut((*results).total, PIXELS);
    for (frame, sum) in frames.chunks_exact(PIXELS).zip(sums) {
        *sum = 0.0;
        for (value, total) in frame.iter().zip(totals.iter_mut()) {
            *sum += *value as f64;
            *total += *value as f64;
        }
        *sum *= (*PARAMS).factor;
    }
    0
}
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
