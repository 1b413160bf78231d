// Vectors and cells, and the position of a spot relative to the nodes of a lattice. The counterpart of
// cpp/indexing/geometry.h, in float32.

const PI = 3.14159265358979;

// Rows a, b, c; a reciprocal cell has rows a*, b*, c*.
struct Cell {
  a: vec3f,
  b: vec3f,
  c: vec3f,
}

fn volume(c: Cell) -> f32 { return dot(c.a, cross(c.b, c.c)); }

fn reciprocal(c: Cell) -> Cell {
  let r = 1.0 / volume(c);
  return Cell(r * cross(c.b, c.c), r * cross(c.c, c.a), r * cross(c.a, c.b));
}

// Coordinates of s in a cell whose reciprocal has these rows, and the point that has given coordinates.
fn indices_of(c: Cell, s: vec3f) -> vec3f { return vec3f(dot(c.a, s), dot(c.b, s), dot(c.c, s)); }
fn point_of(c: Cell, h: vec3f) -> vec3f { return h.x * c.a + h.y * c.b + h.z * c.c; }

// v turned about the unit vector e, right-handed.
fn turned(v: vec3f, e: vec3f, cosine: f32, sine: f32) -> vec3f {
  return cosine * v + sine * cross(e, v) + ((1.0 - cosine) * dot(e, v)) * e;
}

// A symmetric matrix: xx yy zz and xy xz yz.
struct Symmetric {
  diagonal: vec3f,
  off: vec3f,
}

struct Solution {
  x: vec3f,
  ok: bool,
}

// x of A x = v, by the square-root-free Cholesky decomposition: in float32 cofactors would cancel if A is very
// anisotropic. Not ok if A is singular to float32.
fn solve(m: Symmetric, v: vec3f) -> Solution {
  let least = 1e-6 * (m.diagonal.x + m.diagonal.y + m.diagonal.z);
  let d0 = m.diagonal.x;
  if (!(d0 > least)) { return Solution(vec3f(), false); }
  let l10 = m.off.x / d0;
  let l20 = m.off.y / d0;
  let d1 = m.diagonal.y - l10 * m.off.x;
  if (!(d1 > least)) { return Solution(vec3f(), false); }
  let t = m.off.z - l20 * m.off.x;
  let l21 = t / d1;
  let d2 = m.diagonal.z - l20 * m.off.y - l21 * t;
  if (!(d2 > least)) { return Solution(vec3f(), false); }
  let y1 = v.y - l10 * v.x;
  let y2 = v.z - l20 * v.x - l21 * y1;
  let z = y2 / d2;
  let y = y1 / d1 - l21 * z;
  return Solution(vec3f(v.x / d0 - l10 * y - l20 * z, y, z), true);
}

// Same lattice: B A^-1 is a matrix of integers within `tolerance`, with determinant +-1.
fn same_lattice(b: Cell, a: Cell, tolerance: f32) -> bool {
  let r = reciprocal(a);
  let p = indices_of(r, b.a);
  let q = indices_of(r, b.b);
  let s = indices_of(r, b.c);
  let off = max(max(abs(p - round(p)), abs(q - round(q))), abs(s - round(s)));
  if (!(max(max(off.x, off.y), off.z) <= tolerance)) { return false; }
  return abs(dot(round(p), cross(round(q), round(s)))) == 1.0;
}

// Distance between the metrics of B and A: the largest relative difference of lengths plus that of volumes, squared.
fn cell_difference(b: Cell, a: Cell) -> f32 {
  let lengths = abs(vec3f(length(b.a) / length(a.a), length(b.b) / length(a.b), length(b.c) / length(a.c)) - 1.0);
  let size = abs(abs(volume(b) / volume(a)) - 1.0);
  let sum = max(max(lengths.x, lengths.y), lengths.z) + size;
  return sum * sum;
}

// A spot relative to the nearest node of a lattice.
struct Residual {
  index: vec3f,  // of the node
  offset: vec3f, // the spot's indices minus the node's
  e: vec3f,      // spot - node
}

// `nodes`: the reciprocal of the cell.
fn residual(cell: Cell, nodes: Cell, s: vec3f) -> Residual {
  let h = indices_of(cell, s);
  let index = round(h);
  // Computed from the index residuals, not as s - q, so that no digits are lost.
  return Residual(index, h - index, point_of(nodes, h - index));
}

// The direction along which the spots extend least, which is that of the beam, and their root mean square extent along
// it.

struct Beam {
  axis: vec3f,
  thickness: f32,
}

// `m`: the sum over n spots of s s^T.
fn thin_axis(m: Symmetric, n: u32) -> Beam {
  let trace = m.diagonal.x + m.diagonal.y + m.diagonal.z;
  let d = m.diagonal + BEAM_SHIFT * trace;
  let o = m.off;
  // Inverse iteration by cofactors: their common factor does not matter, and for a flat list the largest ones are
  // exact.
  let c00 = d.y * d.z - o.z * o.z;
  let c01 = o.y * o.z - o.x * d.z;
  let c02 = o.x * o.z - o.y * d.y;
  let c11 = d.x * d.z - o.y * o.y;
  let c12 = o.x * o.y - d.x * o.z;
  let c22 = d.x * d.y - o.x * o.x;
  var v = vec3f(BEAM_X, BEAM_Y, BEAM_Z);
  for (var k = 0u; k < BEAM_ROUNDS; k++) {
    let w = vec3f(dot(vec3f(c00, c01, c02), v), dot(vec3f(c01, c11, c12), v), dot(vec3f(c02, c12, c22), v));
    // Not length(): squares of cofactors may be too small for float32.
    let size = max(max(abs(w.x), abs(w.y)), abs(w.z));
    if (!(size > 0.0)) { break; }
    v = normalize(w / size);
  }
  let square = dot(m.diagonal, v * v) + 2.0 * (o.x * v.x * v.y + o.y * v.x * v.z + o.z * v.y * v.z);
  return Beam(v, sqrt(max(square, 0.0) / f32(max(n, 1u))));
}
