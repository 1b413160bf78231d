// Frames of any type as words, and sums that are wider than a word. The host defines before this file: DTYPE, WIDTH,
// HEIGHT, PIXELS, PER_WORD (pixels per word) and FRAME_WORDS (words per frame, the last one padded).
#include "generated/peaks.wgsl"
#include "common/u64.wgsl"

// A few frames of a run; shaders with one workgroup per frame do not need this.
struct Chunk {
  count: u32,  // frames in this chunk
  before: u32,  // frames of earlier chunks
  number: u32,  // number of earlier chunks
  padding: u32,
}

const BITS: u32 = 32u / PER_WORD;
const REAL: bool = DTYPE == NUMBER_F32;
const SIGNED: bool = DTYPE == NUMBER_I8 || DTYPE == NUMBER_I16 || DTYPE == NUMBER_I32;
const NARROW: bool = PER_WORD > 1u;

// The integer at a place of a word; its bits if it is unsigned and 32 bits wide.
fn integer_at(word: u32, place: u32) -> i32 {
  if (!NARROW) { return bitcast<i32>(word); }
  if (SIGNED) { return extractBits(bitcast<i32>(word), place * BITS, BITS); }
  return bitcast<i32>(extractBits(word, place * BITS, BITS));
}

fn real_at(word: u32, place: u32) -> f32 {
  if (REAL) { return bitcast<f32>(word); }
  if (DTYPE == NUMBER_U32) { return f32(word); }
  return f32(integer_at(word, place));
}

// The 64 bits of an integer.
fn widened(value: i32) -> vec2u {
  return vec2u(bitcast<u32>(value), select(0u, ~0u, SIGNED && value < 0));
}

// a + b of 64 bits; negative numbers are two's complements, so one addition serves both.
fn add_wide(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < b.x));
}

// value * n of 64 bits. A 16-bit number times a 16-bit number needs a second word only for its sign.
fn times(value: i32, n: u32) -> vec2u {
  let low = bitcast<u32>(value) * n;
  if (NARROW && HEIGHT <= 65536u) { return vec2u(low, select(0u, ~0u, SIGNED && bitcast<i32>(low) < 0)); }
  let wide = widened(value);
  return vec2u(low, multiply_high(wide.x, n) + wide.y * n);
}

// sum + value * value of 96 bits.
fn add_square(sum: vec3u, value: i32) -> vec3u {
  let size = select(bitcast<u32>(value), bitcast<u32>(-value), SIGNED && value < 0);
  let low = size * size;
  let middle = add_wide(vec2u(sum.x, sum.y), vec2u(low, select(multiply_high(size, size), 0u, NARROW)));
  let carry = middle.y < sum.y || (middle.y == sum.y && middle.x < sum.x);
  return vec3u(middle, sum.z + select(0u, 1u, carry));
}
