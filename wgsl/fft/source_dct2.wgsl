// Even elements up, odd ones down: the cosine sum is then the real part of a complex one of the same length (Makhoul
// 1980). A sine is the cosine of the line with every other sign changed, backwards.
fn source(base: u32, m: u32) -> vec2f {
  let odd = 2u * m >= AXIS;
  let x = load(base, select(2u * m, 2u * (AXIS - m) - 1u, odd));
  return vec2f(select(x, -x, SINE && odd), 0.0);
}
