// Odd length n: x[j] exp(-pi i j/2n), with zeros to 2n points.
fn source(base: u32, j: u32) -> vec2f {
  if (j >= AXIS) { return vec2f(0.0); }
  return load(base, select(j, AXIS - 1u - j, SINE)) * table[QUARTERS + j];
}
