// Properties of a pixel besides its value: its ring, whether it lies on the border of its panel, its panel.
#include "peaks/pixels.wgsl"

// Ring in the low half, MASKED if the pixel is ignored; then BORDER; then the panel.
@group(0) @binding(3) var<storage, read> places: array<u32>;

const MASKED = 0xffffu;
const BORDER = 0x10000u;
const PANEL = 17u;
