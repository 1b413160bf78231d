// The spectrum of the extended line is real (cosine) or imaginary (sine).
fn sink(base: u32, k: u32, v: vec2f) {
  if (SINE) {
    if (k >= 1u && k <= AXIS) { store(base, k - 1u, -v.y * run.scale); }
  } else if (k < AXIS) {
    store(base, k, v.x * run.scale);
  }
}
