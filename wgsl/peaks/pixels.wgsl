// Pixels of a frame of any type as integers that are ordered like their values: "keys". Limits become keys once, so
// that a pixel is compared without rounding.
#include "generated/peaks.wgsl"
#include "common/real.wgsl"

@group(0) @binding(0) var<uniform> run: PeaksRun;
// The unmodified frame, and one byte per pixel that is nonzero if the pixel is bad in this frame; both in words.
@group(0) @binding(1) var<storage, read> frame: array<u32>;
@group(0) @binding(2) var<storage, read> bad: array<u32>;

const TOP = 0x80000000u;

// Reverses negative values, and merges the two zeros.
fn key_of_f32(bits: u32) -> i32 {
  if ((bits << 1u) == 0u) { return 0; }
  return bitcast<i32>(select(bits, bits ^ 0x7fffffffu, bits >= TOP));
}

fn key_of_pixel(pixel: u32) -> i32 {
  switch (run.dtype) {
    case NUMBER_U8: { return i32((frame[pixel >> 2u] >> (8u * (pixel & 3u))) & 0xffu); }
    case NUMBER_I8: { return bitcast<i32>(frame[pixel >> 2u] << (24u - 8u * (pixel & 3u))) >> 24u; }
    case NUMBER_U16: { return i32((frame[pixel >> 1u] >> (16u * (pixel & 1u))) & 0xffffu); }
    case NUMBER_I16: { return bitcast<i32>(frame[pixel >> 1u] << (16u - 16u * (pixel & 1u))) >> 16u; }
    case NUMBER_U32: { return bitcast<i32>(frame[pixel] ^ TOP); }
    case NUMBER_I32: { return bitcast<i32>(frame[pixel]); }
    default: { return key_of_f32(frame[pixel]); }
  }
}

fn real_of_key(key: i32) -> Real {
  if (run.dtype == NUMBER_F32) { return real_of_f32(select(u32(key), u32(key) ^ 0x7fffffffu, key < 0)); }
  if (run.dtype == NUMBER_U32) { return real_of_u32(u32(key) ^ TOP); }
  return real_of_i32(key);
}

// NaN lies outside of every range.
fn is_usable(pixel: u32, key: i32) -> bool {
  if (key < run.least_key || key > run.greatest_key) { return false; }
  return run.marked == 0u || ((bad[pixel >> 2u] >> (8u * (pixel & 3u))) & 0xffu) == 0u;
}
