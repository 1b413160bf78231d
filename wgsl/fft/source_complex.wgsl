// Element j of a complex line.
fn source(base: u32, j: u32) -> vec2f {
  let v = load(base, j);
  return select(v, v.yx, run.swap_in != 0u);
}
