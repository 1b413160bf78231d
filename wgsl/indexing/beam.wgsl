// The direction that the spots are thinnest along, which is the beam's, and their root mean square extent along it.

struct Beam {
  axis: vec3f,
  thickness: f32,
}

// `m`: the sum over n spots of s s^T.
fn thin_axis(m: Symmetric, n: u32) -> Beam {
  let trace = m.diagonal.x + m.diagonal.y + m.diagonal.z;
  let d = m.diagonal + 1e-6 * trace;
  let o = m.off;
  // Inverse iteration by cofactors: their common factor does not matter, and where the list is flat the largest are
  // exact.
  let c00 = d.y * d.z - o.z * o.z;
  let c01 = o.y * o.z - o.x * d.z;
  let c02 = o.x * o.z - o.y * d.y;
  let c11 = d.x * d.z - o.y * o.y;
  let c12 = o.x * o.y - d.x * o.z;
  let c22 = d.x * d.y - o.x * o.x;
  var v = vec3f(0.48, 0.60, 0.64);
  for (var round = 0; round < 6; round++) {
    let w = vec3f(dot(vec3f(c00, c01, c02), v), dot(vec3f(c01, c11, c12), v), dot(vec3f(c02, c12, c22), v));
    // Not length(): squares of cofactors may be too small for float32.
    let size = max(max(abs(w.x), abs(w.y)), abs(w.z));
    if (!(size > 0.0)) { break; }
    v = normalize(w / size);
  }
  let square = dot(m.diagonal, v * v) + 2.0 * (o.x * v.x * v.y + o.y * v.x * v.z + o.z * v.y * v.z);
  return Beam(v, sqrt(max(square, 0.0) / f32(max(n, 1u))));
}

fn moments(s: vec3f) -> Sums { return Sums(vec4f(s * s, 0.0), vec4f(s.x * s.y, s.x * s.z, s.y * s.z, 0.0), vec4f(), vec4f()); }
fn add_sums(a: Sums, b: Sums) -> Sums { return Sums(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]); }
