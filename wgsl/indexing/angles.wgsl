// The angles of a rotation search: `steps` of them, each `stride` entries of the table of turns on.
struct Angles {
  stride: u32,
  steps: u32,
}

fn divides(stride: u32) -> bool { return TURN_STEPS % stride == 0u && (TURN_STEPS / stride) % 12u == 0u; }

// The step moves a spot of resolution `edge` by TURN_STEP periods of the longest other vector.
fn angles_for(base: BaseVector, edge: f32) -> Angles {
  var wish = run.params.angle_points;
  if (wish == 0u) { wish = u32(min(2.0 * PI * base.other_length * edge / TURN_STEP, 1e6)); }
  var stride = max(TURN_STEPS / max(wish, 96u), 1u);
  while (stride > 1u && !divides(stride)) { stride--; }
  while (TURN_STEPS / stride > run.angle_capacity) { // never more than there is room for
    stride++;
    while (!divides(stride)) { stride++; }
  }
  return Angles(stride, TURN_STEPS / stride / base.fold);
}
