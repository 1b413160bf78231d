// Sums of the good pixels of rings, none clipped: one workgroup per ring. Those of integers are exact, and so the same
// as on every other backend.
#include "peaks/pixels.wgsl"

// Pixels in the order of their rings: those of ring r are order[first[r]] .. order[first[r + 1] - 1].
@group(0) @binding(3) var<storage, read> first: array<u32>;
@group(0) @binding(4) var<storage, read> order: array<u32>;
// Of each ring: the words of the sum as float64, and the number of its good pixels.
@group(0) @binding(5) var<storage, read_write> sums: array<vec4u>;
// The number of pixels that are bad in this frame only, and the first of them.
struct Lost { count: atomic<u32>, list: array<u32, MAX_LOST> }
@group(0) @binding(6) var<storage, read_write> lost: Lost;

const WORKGROUP = 128u;

var<workgroup> counts: array<u32, WORKGROUP>;
var<workgroup> partial: array<Real, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn sum_rings(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let ring = workgroup.x;
  // Of integers, the values above and below zero in 64 bits each.
  var above = vec2u(0u);
  var below = vec2u(0u);
  var sum = ZERO;
  var used = 0u;
  for (var k = first[ring] + lane; k < first[ring + 1u]; k += WORKGROUP) {
    let pixel = order[k];
    let key = key_of_pixel(pixel);
    if (!is_usable(pixel, key)) {
      let at = atomicAdd(&lost.count, 1u);
      if (at < MAX_LOST) { lost.list[at] = pixel; }
      continue;
    }
    used++;
    if (run.dtype == NUMBER_F32) {
      sum = plus(sum, real_of_key(key));
    } else if (run.dtype == NUMBER_U32) {
      above = add_u64(above, u32(key) ^ TOP);
    } else if (key >= 0) {
      above = add_u64(above, u32(key));
    } else {
      below = add_u64(below, 0u - u32(key));
    }
  }
  if (run.dtype != NUMBER_F32) { sum = minus(normal(above.y, above.x, 0, 0u), normal(below.y, below.x, 0, 0u)); }
  counts[lane] = used;
  partial[lane] = sum;
  for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      counts[lane] += counts[lane + half];
      partial[lane] = plus(partial[lane], partial[lane + half]);
    }
  }
  if (lane == 0u) { sums[ring] = vec4u(f64_of_real(partial[0]), counts[0], 0u); }
}
