// Even length n: (x[2j] + i x[n-1-2j]) exp(-pi i (j + 1/8)/n), n/2 points. A sine is the cosine of the line backwards.
fn source(base: u32, j: u32) -> vec2f {
  let x = load(base, 2u * j);
  let y = load(base, AXIS - 1u - 2u * j);
  return times(select(vec2f(x, y), vec2f(y, x), SINE), table[EIGHTHS + j]);
}
