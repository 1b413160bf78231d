// Reals with 64 bits of mantissa, made of integers: WGSL has no float64, and its compilers may reorder and fuse the
// operations that float32 pairs need. (-1)^negative (hi 2^32 + lo) 2^e; the top bit of hi is set, or both words are
// zero. Sums, products and quotients are truncated, not rounded: 2^-62 relative, and exact where 64 bits hold the
// result.
#include "common/u64.wgsl"

struct Real { hi: u32, lo: u32, e: i32, negative: u32 }

const ZERO = Real(0u, 0u, 0, 0u);
const HALF = Real(0x80000000u, 0u, -64, 0u);

fn is_zero(a: Real) -> bool { return a.hi == 0u; }
fn is_negative(a: Real) -> bool { return a.hi != 0u && a.negative == 1u; }
fn is_positive(a: Real) -> bool { return a.hi != 0u && a.negative == 0u; }
fn negated(a: Real) -> Real { return Real(a.hi, a.lo, a.e, 1u - a.negative); }
fn magnitude(a: Real) -> Real { return Real(a.hi, a.lo, a.e, 0u); }

// Normalises: moves the top bit to its place.
fn normal(hi: u32, lo: u32, e: i32, negative: u32) -> Real {
  var a = Real(hi, lo, e, negative);
  if (a.hi == 0u) { a = Real(a.lo, 0u, a.e - 32, negative); }
  if (a.hi == 0u) { return ZERO; }
  let k = countLeadingZeros(a.hi);
  if (k > 0u) { a = Real((a.hi << k) | (a.lo >> (32u - k)), a.lo << k, a.e - i32(k), negative); }
  return a;
}

fn real_of_u32(x: u32) -> Real { return normal(0u, x, 0, 0u); }
fn real_of_i32(x: i32) -> Real { return normal(0u, select(u32(x), 0u - u32(x), x < 0), 0, select(0u, 1u, x < 0)); }

// A float32 by its bits; it is finite.
fn real_of_f32(bits: u32) -> Real {
  let exponent = i32((bits >> 23u) & 0xffu);
  let mantissa = bits & 0x7fffffu;
  if (exponent == 0) { return normal(0u, mantissa, -149, bits >> 31u); }
  return normal(0u, mantissa | 0x800000u, exponent - 150, bits >> 31u);
}

// A float64 by its words, low and high; a normal one, or zero.
fn real_of_f64(words: vec2u) -> Real {
  let exponent = i32((words.y >> 20u) & 0x7ffu);
  if (exponent == 0) { return ZERO; }
  return normal((words.y & 0xfffffu) | 0x100000u, words.x, exponent - 1075, words.y >> 31u);
}

// The words of the nearest float64, ties to even; the exponent fits.
fn f64_of_real(a: Real) -> vec2u {
  if (a.hi == 0u) { return vec2u(0u); }
  var high = a.hi >> 11u;
  var low = (a.hi << 21u) | (a.lo >> 11u);
  let rest = a.lo & 0x7ffu;
  if (rest > 0x400u || (rest == 0x400u && (low & 1u) == 1u)) {
    low += 1u;
    high += select(0u, 1u, low == 0u);
  }
  // A carry out of the mantissa increments the exponent, whose lowest bit is the next one.
  return vec2u(low, (a.negative << 31u) | ((u32(a.e + 1085) << 20u) + high));
}

// The bits of the nearest float32, ties to even; values too small for a normal float32 become zero, values too large
// become infinite.
fn f32_of_real(a: Real) -> u32 {
  if (a.hi == 0u) { return 0u; }
  var mantissa = a.hi >> 8u;
  var e = a.e + 190;
  let rest = a.hi & 0xffu;
  if (rest > 0x80u || (rest == 0x80u && (a.lo != 0u || (mantissa & 1u) == 1u))) { mantissa += 1u; }
  if (mantissa == 0x1000000u) {
    mantissa = 0x800000u;
    e += 1;
  }
  if (e < 1) { return 0u; }
  if (e > 254) { return (a.negative << 31u) | 0x7f800000u; }
  return (a.negative << 31u) | (u32(e) << 23u) | (mantissa & 0x7fffffu);
}

// Whether |a| < |b|, neither zero.
fn is_smaller(a: Real, b: Real) -> bool {
  if (a.e != b.e) { return a.e < b.e; }
  return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

fn plus(a: Real, b: Real) -> Real {
  if (a.hi == 0u) { return b; }
  if (b.hi == 0u) { return a; }
  let swap = is_smaller(a, b);
  var big = a;
  var small = b;
  if (swap) {
    big = b;
    small = a;
  }
  let shift = u32(big.e - small.e);
  if (shift >= 64u) { return big; }
  var hi = small.hi;
  var lo = small.lo;
  if (shift >= 32u) {
    lo = hi >> (shift - 32u);
    hi = 0u;
  } else if (shift > 0u) {
    lo = (lo >> shift) | (hi << (32u - shift));
    hi = hi >> shift;
  }
  if (big.negative != small.negative) {
    return normal(big.hi - hi - select(0u, 1u, big.lo < lo), big.lo - lo, big.e, big.negative);
  }
  let low = big.lo + lo;
  let carry = select(0u, 1u, low < lo);
  let high = big.hi + hi;
  let top = high + carry;
  if (high < hi || top < high) { return Real((top >> 1u) | 0x80000000u, (low >> 1u) | (top << 31u), big.e + 1, big.negative); }
  return Real(top, low, big.e, big.negative);
}

fn minus(a: Real, b: Real) -> Real { return plus(a, negated(b)); }

fn is_less(a: Real, b: Real) -> bool {
  if (is_zero(a)) { return is_positive(b); }
  if (is_zero(b) || a.negative != b.negative) { return is_negative(a); }
  return select(is_smaller(a, b), is_smaller(b, a), a.negative == 1u);
}

fn times(a: Real, b: Real) -> Real {
  if (a.hi == 0u || b.hi == 0u) { return ZERO; }
  // The words of the product from 2^32 up; `carry` goes to the next word.
  let across = a.hi * b.lo;
  let second = a.lo * b.hi;
  var low = multiply_high(a.lo, b.lo) + across;
  var carry = select(0u, 1u, low < across);
  low += second;
  carry += select(0u, 1u, low < second);
  var top = vec2u(a.hi * b.hi, multiply_high(a.hi, b.hi));
  top = add_u64(top, carry);
  top = add_u64(top, multiply_high(a.hi, b.lo));
  top = add_u64(top, multiply_high(a.lo, b.hi));
  let negative = a.negative ^ b.negative;
  if (top.y >= 0x80000000u) { return Real(top.y, top.x, a.e + b.e + 64, negative); }
  return Real((top.y << 1u) | (top.x >> 31u), (top.x << 1u) | (low >> 31u), a.e + b.e + 63, negative);
}

// a / b, b not zero: digit by digit, so that a quotient that 64 bits hold is exact.
fn over(a: Real, b: Real) -> Real {
  if (a.hi == 0u) { return ZERO; }
  var rest = vec2u(a.lo, a.hi);
  var quotient = vec2u(0u);
  var beyond = false;
  for (var digit = 0u; digit < 64u; digit++) {
    let fits = beyond || rest.y > b.hi || (rest.y == b.hi && rest.x >= b.lo);
    if (fits) { rest = vec2u(rest.x - b.lo, rest.y - b.hi - select(0u, 1u, rest.x < b.lo)); }
    quotient = vec2u((quotient.x << 1u) | select(0u, 1u, fits), (quotient.y << 1u) | (quotient.x >> 31u));
    beyond = rest.y >= 0x80000000u;
    rest = vec2u(rest.x << 1u, (rest.y << 1u) | (rest.x >> 31u));
  }
  return normal(quotient.y, quotient.x, a.e - b.e - 63, a.negative ^ b.negative);
}

// The square root of a value that is not negative: float32's root, refined twice.
fn root(a: Real) -> Real {
  if (a.hi == 0u) { return ZERO; }
  // a = f 4^h with f from 1/4 to 1.
  let h = (a.e + 65) >> 1u;
  let f = f32_of_real(Real(a.hi, a.lo, a.e - 2 * h, 0u));
  var y = real_of_f32(bitcast<u32>(sqrt(bitcast<f32>(f))));
  y.e += h;
  for (var step = 0u; step < 2u; step++) {
    y = plus(y, over(a, y));
    y.e -= 1;
  }
  return y;
}

// The nearest integer of a value between 0 and 2^31, ties to even.
fn nearest(a: Real) -> i32 {
  if (a.hi == 0u || a.e < -64) { return 0; }
  let shift = u32(-a.e);
  let whole = select(a.hi >> (shift - 32u), 0u, shift >= 64u);
  let rest = minus(minus(a, real_of_u32(whole)), HALF);
  let up = is_positive(rest) || (is_zero(rest) && (whole & 1u) == 1u);
  return i32(whole + select(0u, 1u, up));
}
