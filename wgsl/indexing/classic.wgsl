// The refinements of the published method, one workgroup a cell: least squares for all nine numbers of the cell, with a
// radius that shrinks from round to round. ifss keeps the indices of the first cell, ifse takes new ones each round,
// ifssr measures distances in 1/angstrom. Needs what refine.wgsl needs.
//
// They fit freely, so they need many more spots than parameters; the fast method's own refinement does not
// (refine.wgsl).

// Squared distance of a spot from its node, in index units or (reciprocal) in 1/angstrom, and its indices' residual.
struct Distance {
  offset: vec3f,
  squared: f32,
}
fn distance_of(cell: Cell, nodes: Cell, index_cell: Cell, s: vec3f, reciprocal_space: bool) -> Distance {
  let offset = round(indices_of(index_cell, s)) - indices_of(cell, s);
  let e = select(offset, point_of(nodes, offset), reciprocal_space);
  return Distance(offset, dot(e, e));
}

// One least-squares round over the spots within `limit` of a node. Indices come from `index_cell`.
fn least_squares(cell: Cell, index_cell: Cell, list: u32, n: u32, reciprocal_space: bool, limit: f32) -> Refined {
  let nodes = reciprocal(cell);
  var square = vec4f(); // xx yy zz, and how many
  var mixed = vec3f();  // xy xz yz
  var h = vec3f();      // sum (residual of h) s
  var k = vec3f();
  var l = vec3f();
  for (var j = lane; j < n; j += WORKGROUP) {
    let s = spots[list + j].xyz;
    let d = distance_of(cell, nodes, index_cell, s, reciprocal_space);
    if (d.squared < limit * limit) {
      square += vec4f(s * s, 1.0);
      mixed += s.xxy * s.yzz;
      // The step, not the cell, is solved for: its right side is the residual, which float32 holds well.
      h += d.offset.x * s;
      k += d.offset.y * s;
      l += d.offset.z * s;
    }
  }
  let sum = all_sum(Sums(square, vec4f(mixed, l.x), vec4f(h, l.y), vec4f(k, l.z)));
  let used = u32(sum[0].w);
  let normal = Symmetric(sum[0].xyz, sum[1].xyz);
  let dh = solve(normal, sum[2].xyz);
  let dk = solve(normal, sum[3].xyz);
  let dl = solve(normal, vec3f(sum[1].w, sum[2].w, sum[3].w));
  let moved = Cell(cell.a + dh.x, cell.b + dk.x, cell.c + dl.x);
  if (!(dh.ok && dk.ok && dl.ok) || !(abs(volume(moved)) > 1.0)) { return Refined(cell, used); }
  return Refined(moved, used);
}

// The distance of the spot that is `rank`-th best (from 1), by halving its bits.
fn smallest(cell: Cell, index_cell: Cell, list: u32, n: u32, reciprocal_space: bool, rank: u32) -> f32 {
  let nodes = reciprocal(cell);
  var value = 0u; // as the bits of a float that is not negative
  for (var bit = 0u; bit < 31u; bit++) {
    let here = 1u << (30u - bit);
    let trial = value | (here - 1u);
    var below = 0.0;
    for (var j = lane; j < n; j += WORKGROUP) {
      let d = distance_of(cell, nodes, index_cell, spots[list + j].xyz, reciprocal_space);
      below += select(0.0, 1.0, bitcast<u32>(d.squared) <= trial);
    }
    let sum = all_sum(Sums(vec4f(below), vec4f(), vec4f(), vec4f()));
    if (u32(sum[0].x) < rank) { value |= here; }
  }
  return sqrt(bitcast<f32>(value));
}

// As params.refinement says (ifss, ifse or ifssr), from spots within `start` index units.
fn fit_classic(known: KnownCell, list: u32, n: u32, start: f32, first: Cell) -> Cell {
  let p = run.params;
  let reciprocal_space = p.refinement == REFINEMENT_IFSSR;
  var cell = first;
  var limit = start;
  if (reciprocal_space) { limit /= known.shortest; }
  for (var rounds = 0u; ; rounds++) {
    // ifssr looks whether it is done after a round, the others before.
    let done = limit <= p.max_distance;
    if (!reciprocal_space && (done || rounds >= p.refine_iterations)) { break; }
    var index_cell = cell;
    if (p.refinement == REFINEMENT_IFSS) { index_cell = first; }
    let fitted = least_squares(cell, index_cell, list, n, reciprocal_space, limit);
    if (reciprocal_space && (done || rounds + 1u >= p.refine_iterations)) { break; }
    if (fitted.used < p.refine_min_spots) { break; }
    limit *= p.contraction;
    cell = fitted.cell;
  }
  return cell;
}
