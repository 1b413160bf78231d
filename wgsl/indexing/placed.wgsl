// A candidate vector in one of its senses with its frame: u along it, x and y across; the angle of a cell is counted
// from x.
struct Placed {
  u: vec3f,
  x: vec3f,
  y: vec3f,
  base: BaseVector,
}

// With `free_scale` the whole cell takes on the scale of the candidate.
fn place(known: BaseVector, candidate: vec3f, reversed: bool, free_scale: bool) -> Placed {
  var base = known;
  let size = length(candidate);
  let u = candidate * (select(1.0, -1.0, reversed) / size);
  // Any direction across will do, but it must be a smooth choice away from the poles of one axis: take the axis that u
  // is farthest from.
  let off = abs(candidate);
  let take_x = off.x <= off.y && off.x <= off.z;
  let take_y = !take_x && off.y <= off.z;
  let axis = select(select(vec3f(0.0, 0.0, 1.0), vec3f(0.0, 1.0, 0.0), take_y), vec3f(1.0, 0.0, 0.0), take_x);
  let x = normalize(axis - dot(axis, u) * u);
  if (free_scale) {
    let scale = size / known.length;
    base.length = size;
    base.other_length *= scale;
    base.a_u *= scale;
    base.a_x *= scale;
    base.b_u *= scale;
    base.b_x *= scale;
    base.b_y *= scale;
  }
  return Placed(u, x, cross(u, x), base);
}

// The cell that has its base vector along u and the other vectors at this angle (cosine, sine) from x.
fn cell_at(p: Placed, angle: vec2f) -> Cell {
  let x = angle.x * p.x + angle.y * p.y;
  let y = angle.x * p.y - angle.y * p.x;
  let first = p.base.length * p.u;
  let second = p.base.a_u * p.u + p.base.a_x * x;
  let third = p.base.b_u * p.u + p.base.b_x * x + p.base.b_y * y;
  if (p.base.row == 0u) { return Cell(first, second, third); }
  if (p.base.row == 1u) { return Cell(third, first, second); }
  return Cell(second, third, first);
}
