// y[k] = 2 Re(exp(-pi i (k + 1/2)/2n) V[k])
fn sink(base: u32, k: u32, v: vec2f) {
  if (k >= AXIS) { return; }
  let y = 2.0 * times(v, table[SHIFTED_QUARTERS + k]).x;
  store(base, k, select(y, -y, SINE && (k & 1u) == 1u) * run.scale);
}
