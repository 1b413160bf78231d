// The spectrum of the extended line is real (cosine) or imaginary (sine).
fn sink(base: u32, k: u32, v: vec2f) {
  if (SINE) {
    if (k >= 1u && k <= AXIS) { store(base + (k - 1u) * OUT_STRIDE, -v.y * run.scale); }
  } else if (k < AXIS) {
    store(base + k * OUT_STRIDE, v.x * run.scale);
  }
}
