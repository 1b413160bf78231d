// Direction k of `points` on the half-sphere; needs `tables`.
fn direction(points: u32, k: u32) -> vec3f {
  let drop = (f32(k) + 0.5) / f32(points);
  let radius = sqrt(drop * (2.0 - drop));
  return vec3f(radius * tables[k], 1.0 - drop);
}
