// Butterflies of powers of two; those of odd primes are written out by src/fft/kernels/webgpu/butterfly.ts.
#include "fft/complex.wgsl"

fn radix1(a: array<vec2f, 1>) -> array<vec2f, 1> {
  return a;
}

fn radix2(a: array<vec2f, 2>) -> array<vec2f, 2> {
  return array<vec2f, 2>(a[0] + a[1], a[0] - a[1]);
}

fn radix4(a: array<vec2f, 4>) -> array<vec2f, 4> {
  let s = a[0] + a[2];
  let d = a[0] - a[2];
  let t = a[1] + a[3];
  let u = turn(a[1] - a[3]);
  return array<vec2f, 4>(s + t, d + u, s - t, d - u);
}

const SQRT_HALF = 0.70710678118654752;

fn radix8(a: array<vec2f, 8>) -> array<vec2f, 8> {
  let e = radix4(array<vec2f, 4>(a[0], a[2], a[4], a[6]));
  let o = radix4(array<vec2f, 4>(a[1], a[3], a[5], a[7]));
  let o1 = SQRT_HALF * (o[1] + turn(o[1]));
  let o2 = turn(o[2]);
  let o3 = SQRT_HALF * (turn(o[3]) - o[3]);
  return array<vec2f, 8>(e[0] + o[0], e[1] + o1, e[2] + o2, e[3] + o3, e[0] - o[0], e[1] - o1, e[2] - o2, e[3] - o3);
}
