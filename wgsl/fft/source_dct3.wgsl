// The transpose of dct2: each element is weighted with its root.
fn source(base: u32, k: u32) -> vec2f {
  let y = load(base, select(k, AXIS - 1u - k, SINE));
  return select(2.0, 1.0, k == 0u) * y * table[QUARTERS + k];
}
