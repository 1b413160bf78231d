// Complex numbers as (real, imaginary), and what a run may choose of a pass.

struct Run {
  scale: f32,
  // Real and imaginary part exchanged on the way in and out: swap(F(swap(x))) is the inverse transform of x.
  swap_in: u32,
  swap_out: u32,
  padding: u32,
}

fn times(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

// times -i
fn turn(a: vec2f) -> vec2f {
  return vec2f(a.y, -a.x);
}

fn conjugate(a: vec2f) -> vec2f {
  return vec2f(a.x, -a.y);
}
