#include "fft/extended.wgsl"

fn source(base: u32, j: u32) -> vec2f {
  return vec2f(extended(base, 2u * j), extended(base, 2u * j + 1u));
}
