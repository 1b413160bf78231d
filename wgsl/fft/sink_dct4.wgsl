// y[2k] = 2 Re u, y[n-1-2k] = -2 Im u, u = exp(-pi i (k + 1/8)/n) V[k]; for a sine with every other sign changed.
fn sink(base: u32, k: u32, v: vec2f) {
  let u = 2.0 * run.scale * times(v, table[EIGHTHS + k]);
  store(base, 2u * k, u.x);
  store(base, AXIS - 1u - 2u * k, select(-u.y, u.y, SINE));
}
