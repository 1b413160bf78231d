// What is known of a pixel beside its value: its ring, its panel, and whether it is above the limit of its ring.
#include "peaks/pixels.wgsl"

// Ring in the low half, MASKED where the pixel takes no part; then BORDER; then the panel.
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read> rings: array<PeaksRing>;

const MASKED = 0xffffu;
const BORDER = 0x10000u;
const PANEL = 17u;

fn is_above(pixel: u32, place: u32) -> bool {
  let ring = place & 0xffffu;
  if (ring == MASKED || (rings[ring].has & 1u) == 0u) { return false; }
  let key = key_of_pixel(pixel);
  return key >= rings[ring].above && is_usable(pixel, key);
}

struct Found { candidates: atomic<u32>, seeds: atomic<u32>, peaks: atomic<u32>, pad: u32, list: array<Peak> }
