// The frame of a vector in which angle 0 is where the known cell comes to lie when its own vector is carried to u by
// half a turn about their middle.
fn carried(known: KnownCell, base: BaseVector, u: vec3f) -> Placed {
  let own = known.row[base.row].xyz;
  let other = known.row[(base.row + 1u) % 3u].xyz;
  var middle = own + base.length * u;
  if (length(middle) < 1e-6 * base.length) { middle = cross(u, other); }
  middle = normalize(middle);
  let a = 2.0 * dot(other, middle) * middle - other;
  let x = normalize(a - dot(a, u) * u);
  return Placed(u, x, cross(u, x), base);
}

// Direction d of an image: a candidate vector of one of the sampled lengths, in one of its senses.
struct Turned {
  placed: Placed,
  input: u32,
}
fn turned_at(image: u32, d: u32) -> Turned {
  let vectors_here = min(wanted(), run.sample_points);
  let l = lengths[d / (2u * vectors_here)];
  let k = (d / 2u) % vectors_here;
  let known = cells[l.input];
  let u = normalize(vectors[vector_at(image, l.group, k)].xyz) * select(1.0, -1.0, (d & 1u) != 0u);
  return Turned(carried(known, known.base[l.base], u), l.input);
}
