// Vectors and cells. The twin of cpp/indexing/geometry.h, in float32.

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

// x of A x = v, by the square-root-free Cholesky decomposition: in float32 cofactors would cancel where A is far from
// round. Not ok where A is singular to float32.
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

// How far the metric of B is from that of A: largest relative difference of lengths plus that of volumes, squared.
fn cell_difference(b: Cell, a: Cell) -> f32 {
  let lengths = abs(vec3f(length(b.a) / length(a.a), length(b.b) / length(a.b), length(b.c) / length(a.c)) - 1.0);
  let size = abs(abs(volume(b) / volume(a)) - 1.0);
  let sum = max(max(lengths.x, lengths.y), lengths.z) + size;
  return sum * sum;
}
