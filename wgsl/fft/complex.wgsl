// Complex numbers as (real, imaginary), and the settings of a pass that a run may choose.

struct Run {
  scale: f32,
  // Exchanges real and imaginary part on input and output: swap(F(swap(x))) is the inverse transform of x.
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
