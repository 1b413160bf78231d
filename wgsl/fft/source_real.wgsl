// Element j of a real line as a complex number.
fn source(base: u32, j: u32) -> vec2f {
  return vec2f(load(base, j), 0.0);
}
