// 64-bit unsigned integers, which WGSL lacks: x is the low word, y the high word.

// The high word of a product, from 16-bit halves. No sum below overflows: (2^16 - 1)^2 + 2 (2^16 - 1) = 2^32 - 1.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let carry = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (carry >> 16u);
}

// a + b modulo 2^64.
fn add_u64(a: vec2u, b: u32) -> vec2u {
  let low = a.x + b;
  return vec2u(low, a.y + select(0u, 1u, low < b));
}
