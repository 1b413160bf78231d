#include "fft/extended.wgsl"

fn source(base: u32, j: u32) -> vec2f {
  return vec2f(extended(base, j), 0.0);
}
