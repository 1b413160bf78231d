// Two real elements as one complex number: a line of an even length as one of half of it.
fn source(base: u32, j: u32) -> vec2f {
  return vec2f(load(base, 2u * j), load(base, 2u * j + 1u));
}
