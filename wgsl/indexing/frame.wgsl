// The parts from which a cell is built: directions, angles, and a vector with its frame.

// Direction k of `points` on the half-sphere, from its entry in the table of azimuths.
fn direction(points: u32, k: u32, azimuth: vec2f) -> vec3f {
  let drop = (f32(k) + 0.5) / f32(points);
  let radius = sqrt(drop * (2.0 - drop));
  return vec3f(radius * azimuth, 1.0 - drop);
}

// The angles of a rotation search: `steps` of them, each `stride` entries of the table of turns on.
struct Angles {
  stride: u32,
  steps: u32,
}

fn divides(stride: u32) -> bool { return TURN_STEPS % stride == 0u && (TURN_STEPS / stride) % TURN_MULTIPLE == 0u; }

// The step moves a spot of resolution `edge` by TURN_STEP periods of the longest other vector.
fn angles_for(base: BaseVector, edge: f32) -> Angles {
  var wish = run.params.angle_points;
  if (wish == 0u) { wish = u32(min(2.0 * PI * base.other_length * edge / TURN_STEP, 1e6)); }
  var stride = max(TURN_STEPS / max(wish, MIN_ANGLES), 1u);
  while (stride > 1u && !divides(stride)) { stride--; }
  while (TURN_STEPS / stride > run.angle_capacity) { // never more than fit
    stride++;
    while (!divides(stride)) { stride++; }
  }
  return Angles(stride, TURN_STEPS / stride / base.fold);
}

// A candidate vector in one of its senses with its frame: u along it, x and y across; the angle of a cell is counted
// from x.
struct Placed {
  u: vec3f,
  x: vec3f,
  y: vec3f,
  base: BaseVector,
}

// With `free_scale` the whole cell is scaled to the candidate.
fn place(known: BaseVector, candidate: vec3f, reversed: bool, free_scale: bool) -> Placed {
  var base = known;
  let size = length(candidate);
  let u = candidate * (select(1.0, -1.0, reversed) / size);
  // Any perpendicular direction would do, but the choice must be smooth away from the poles of one axis: take the axis
  // that is farthest from u.
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

// The frame of a vector in which angle 0 is the position of the known cell after its own vector is carried to u by half
// a turn about their bisector.
fn carried(known: KnownCell, base: BaseVector, u: vec3f) -> Placed {
  let own = known.row[base.row].xyz;
  let other = known.row[(base.row + 1u) % 3u].xyz;
  var middle = own + base.length * u;
  if (length(middle) < MIDDLE_LIMIT * base.length) { middle = cross(u, other); }
  middle = normalize(middle);
  let a = 2.0 * dot(other, middle) * middle - other;
  let x = normalize(a - dot(a, u) * u);
  return Placed(u, x, cross(u, x), base);
}
