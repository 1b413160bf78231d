// The part of a real line's spectrum that is not redundant.
fn sink(base: u32, k: u32, v: vec2f) {
  if (2u * k <= AXIS) { store(base, k, v * run.scale); }
}
