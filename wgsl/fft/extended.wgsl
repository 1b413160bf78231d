// Element j of the line and its mirror image: even around both ends (cosine, 2 (n-1) elements) or odd (sine, 2 (n+1)
// elements).
fn extended(base: u32, j: u32) -> f32 {
  if (SINE) {
    let n1 = AXIS + 1u;
    if (j == 0u || j == n1) { return 0.0; }
    let mirrored = j > n1;
    let x = load(base, select(j, 2u * n1 - j, mirrored) - 1u);
    return select(x, -x, mirrored);
  }
  return load(base, select(j, 2u * (AXIS - 1u) - j, j >= AXIS));
}
