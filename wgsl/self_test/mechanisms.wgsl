// Small problems with known answers, one for each mechanism that kernels rely on and that drivers have got wrong. Each
// part is a separate shader, so that one that a driver refuses or breaks does not affect the others. Numbers come from
// `input`, because a result that the compiler can compute itself proves nothing about the device.

#part workgroup_atomics
// gfx-rs/wgpu issue 8643: each invocation sees its own copy of an atomic. The memory starts at zero, which kernels also
// rely on.
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
var<workgroup> sum: atomic<u32>;
var<workgroup> slot: atomic<u32>;
var<workgroup> taken: array<atomic<u32>, 4>;
var<workgroup> lowest: atomic<i32>;
var<workgroup> highest: atomic<u32>;
@compute @workgroup_size(128)
fn workgroup_atomics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let value = input[lane] + group.x;
  if (lane == 0u) { atomicStore(&lowest, 0x7fffffff); }
  workgroupBarrier();
  atomicAdd(&sum, value);
  atomicMin(&lowest, 50 - i32(value));
  atomicMax(&highest, value);
  // Each invocation takes a different place.
  let place = atomicAdd(&slot, 1u);
  atomicOr(&taken[(place >> 5u) & 3u], 1u << (place & 31u));
  workgroupBarrier();
  if (lane == 0u) {
    let at = group.x * 8u;
    output[at] = atomicLoad(&sum);
    output[at + 1u] = bitcast<u32>(atomicLoad(&lowest));
    output[at + 2u] = atomicLoad(&highest);
    output[at + 3u] = atomicLoad(&slot);
    for (var k = 0u; k < 4u; k++) { output[at + 4u + k] = atomicLoad(&taken[k]); }
  }
}

#part storage_atomics
// google/amber pull request 1055: only one of the invocations executes it.
@group(0) @binding(0) var<storage, read_write> output: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@compute @workgroup_size(64)
fn storage_atomics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let value = input[lane] + 64u * group.x;
  atomicAdd(&output[0], value);
  atomicMax(&output[1], value);
  // The host has set this word to the highest number.
  atomicMin(&output[2], value);
  let place = atomicAdd(&output[3], 1u);
  atomicOr(&output[4u + ((place >> 5u) & 7u)], 1u << (place & 31u));
  // A slot for each of 128 keys, for which two invocations compete. An exchange may fail spuriously.
  let key = value / 2u + 1u;
  for (var tries = 0u; tries < 1000u; tries++) {
    let found = atomicCompareExchangeWeak(&output[12u + key % 128u], 0u, key);
    if (found.exchanged) { atomicAdd(&output[140u], 1u); }
    if (found.exchanged || found.old_value != 0u) { break; }
  }
}

#part uniform_load
// gfx-rs/wgpu issue 4500: the load happens before the write, or only on one side of a barrier.
struct State { step: u32, weight: f32, pair: vec2u }
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
var<workgroup> number: u32;
var<workgroup> state: State;
@compute @workgroup_size(128)
fn uniform_load(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = 0u;
  for (var k = 0u; k < 4u; k++) {
    // Another invocation writes each time, in another part of the workgroup.
    if (lane == (37u * k + group.x) % 128u) {
      number = input[k] + lane;
      state = State(k + 1u, f32(lane), vec2u(lane, input[k + 1u]));
    }
    sum += workgroupUniformLoad(&number);
    let now = workgroupUniformLoad(&state);
    sum += now.step * u32(now.weight) + now.pair.x * now.pair.y;
  }
  output[group.x * 128u + lane] = sum;
}

#part workgroup_memory
// gfx-rs/wgpu issue 3181: a barrier between a write and the reads of the other invocations is omitted.
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
var<workgroup> cells: array<u32, 128>;
var<workgroup> shared_number: u32;
@compute @workgroup_size(128)
fn workgroup_memory(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  cells[lane] = input[lane] + group.x;
  if (lane == 127u) { shared_number = input[group.x] * 3u; }
  workgroupBarrier();
  let other = cells[(lane + 65u) % 128u] + cells[127u - lane];
  if (lane < 128u - group.x) { output[group.x * 128u + lane] = other + shared_number; }
}

#part loop_barriers
// Running sums: in each turn all read what others wrote in the turn before. The number of turns is uniform but unknown
// to the compiler.
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
var<workgroup> cells: array<u32, 128>;
@compute @workgroup_size(128)
fn loop_barriers(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  cells[lane] = input[lane] + group.x;
  workgroupBarrier();
  for (var step = 1u; step < input[128u]; step *= 2u) {
    var before = 0u;
    if (lane >= step) { before = cells[lane - step]; }
    workgroupBarrier();
    cells[lane] += before;
    workgroupBarrier();
  }
  output[group.x * 128u + lane] = cells[lane];
}

#part storage_barriers
// Storage writes of a workgroup's invocations are visible to the others after a barrier.
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@compute @workgroup_size(128)
fn storage_barriers(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * 128u;
  output[at + lane] = input[lane] + group.x;
  for (var k = 0u; k < 3u; k++) {
    storageBarrier();
    workgroupBarrier();
    let other = output[at + (lane + 67u + k) % 128u];
    storageBarrier();
    workgroupBarrier();
    output[at + lane] = other + k;
  }
}

#part float_bits
// Bits that pass through float32, and sums and products that float32 holds exactly.
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@compute @workgroup_size(64)
fn float_bits(@builtin(local_invocation_index) lane: u32) {
  let bits = input[lane];
  let a = bitcast<f32>(bits);
  let b = bitcast<f32>(input[63u - lane]);
  output[lane] = bitcast<u32>(select(b, a, a >= b));
  output[64u + lane] = bitcast<u32>(a + b);
  output[128u + lane] = bitcast<u32>(a * b);
  output[192u + lane] = bitcast<u32>(round(a * 0.5));
  output[256u + lane] = u32(abs(a)) ^ bitcast<u32>(i32(floor(a)));
  output[320u + lane] = bitcast<u32>(f32(bits >> 8u)) ^ bitcast<u32>(f32(bitcast<i32>(bits) >> 8u));
}

#part integers
// All 32 bits of a word (gfx-rs/wgpu issue 5318: the upper half is lost), and 64 bits by halves.
#include "common/u64.wgsl"
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@compute @workgroup_size(64)
fn integers(@builtin(local_invocation_index) lane: u32) {
  let a = input[lane];
  let b = input[63u - lane];
  output[lane] = multiply_high(a, b);
  output[64u + lane] = a * b;
  let sum = add_u64(vec2u(a, lane), b);
  output[128u + lane] = sum.x ^ (sum.y << 16u);
  output[192u + lane] = (a << (lane & 31u)) ^ (b >> (lane & 31u)) ^ bitcast<u32>(bitcast<i32>(a) >> (lane & 31u));
  output[256u + lane] = countLeadingZeros(a) + 64u * countOneBits(b);
  output[320u + lane] = bitcast<u32>(extractBits(bitcast<i32>(a), 8u * (lane & 3u), 8u)) + a / (b | 1u) + a % (b | 1u);
}

#part bindings
// gfx-rs/wgpu issue 7524: which bindings an automatic layout contains. One is used in a branch that is never taken.
const NEVER: u32 = 0u;
@group(0) @binding(0) var<storage, read_write> output: array<u32>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read> unread: array<u32>;
fn maybe(lane: u32) -> u32 {
  if (NEVER == 1u) { return unread[lane]; }
  return input[lane];
}
@compute @workgroup_size(64)
fn bindings(@builtin(local_invocation_index) lane: u32) { output[lane] = maybe(lane) + 1u; }
