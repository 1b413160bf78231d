// The whole spectrum of a real line from its first half: X[n - k] = conj X[k]. Conjugated, so that the forward sum
// gives the inverse. Imaginary parts that a real line cannot have are ignored.
fn source(base: u32, k: u32) -> vec2f {
  let mirrored = 2u * k > AXIS;
  let v = load(base, select(k, AXIS - k, mirrored));
  let own = k == 0u || 2u * k == AXIS;
  return vec2f(v.x, select(select(-v.y, v.y, mirrored), 0.0, own));
}
