// y[k] = 2 Re(exp(-pi i k/2n) V[k])
fn sink(base: u32, k: u32, v: vec2f) {
  let y = 2.0 * times(v, table[QUARTERS + k]).x;
  store(base, select(k, AXIS - 1u - k, SINE), y * run.scale);
}
