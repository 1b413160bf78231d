// The smallest value of each frame, one workgroup per frame.
#include "udf/order.wgsl"

@group(0) @binding(0) var<storage, read> frames: array<u32>;
// As an ordered word (order_of).
@group(0) @binding(1) var<storage, read_write> least: array<u32>;

// NaN, by its bits, is below all numbers: it makes every difference from the smallest number of its frame NaN.
fn order_or_least(word: u32, place: u32) -> u32 {
  if (REAL && (word & 0x7fffffffu) > 0x7f800000u) { return 0u; }
  return order_of(word, place);
}

const LANES: u32 = 256u;
var<workgroup> lowest: atomic<u32>;

@compute @workgroup_size(LANES)
fn find_least(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (lane == 0u) { atomicStore(&lowest, ~0u); }
  workgroupBarrier();
  var low = ~0u;
  for (var w = lane; w < FRAME_WORDS; w += LANES) {
    let word = frames[workgroup.x * FRAME_WORDS + w];
    for (var k = 0u; k < PER_WORD && w * PER_WORD + k < PIXELS; k++) { low = min(low, order_or_least(word, k)); }
  }
  atomicMin(&lowest, low);
  workgroupBarrier();
  if (lane == 0u) { least[workgroup.x] = atomicLoad(&lowest); }
}
