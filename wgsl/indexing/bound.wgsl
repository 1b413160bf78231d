// The `want` smallest of many keys, without sorting them. Needs key_of(i), which must return the same value each time,
// and lanes.wgsl.
var<workgroup> digit_bins: array<atomic<u32>, 256>;

// The bound below which `want` of the keys first ... last-1 lie, with `ties` more at the bound itself.
struct Bound {
  key: u32,
  ties: u32,
}
fn bound_of(first: u32, last: u32, want: u32) -> Bound {
  var bound = Bound(0u, want);
  for (var shift = 24i; shift >= 0i; shift -= 8i) {
    for (var k = lane; k < 256u; k += WORKGROUP) { atomicStore(&digit_bins[k], 0u); }
    workgroupBarrier();
    for (var i = first + lane; i < last; i += WORKGROUP) {
      let key = key_of(i);
      // The shift by another 8 is a second step, because the sum of both may be 32.
      if (((key >> u32(shift)) >> 8u) == ((bound.key >> u32(shift)) >> 8u)) { atomicAdd(&digit_bins[(key >> u32(shift)) & 255u], 1u); }
    }
    workgroupBarrier();
    var digit = 0u;
    for (; digit < 255u; digit++) {
      let here = atomicLoad(&digit_bins[digit]);
      if (here >= bound.ties) { break; }
      bound.ties -= here;
    }
    bound.key |= digit << u32(shift);
    workgroupBarrier();
  }
  return bound;
}
