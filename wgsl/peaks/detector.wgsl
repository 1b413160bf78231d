// Whether a pixel is above the limit of its ring.
#include "peaks/places.wgsl"
#include "peaks/found.wgsl"

@group(0) @binding(4) var<storage, read> rings: array<PeaksRing>;

fn is_above(pixel: u32, place: u32) -> bool {
  let ring = place & 0xffffu;
  if (ring == MASKED || (rings[ring].has & 1u) == 0u) { return false; }
  let key = key_of_pixel(pixel);
  return key >= rings[ring].above && is_usable(pixel, key);
}
