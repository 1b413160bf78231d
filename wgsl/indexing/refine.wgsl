// Refinement in reciprocal space, one workgroup per cell: first only the orientation, then also the cell if the spots
// support it. Needs `spots` and WORKGROUP.
//
// A spot s is given the node q = h a* + k b* + l c* with (h, k, l) its rounded indices, and e = s - q. A rotation by
// the small vector w moves q by w x q, and sum |e - w x q|^2 is least for (sum |q|^2 1 - q q^T) w = sum q x e. A
// strained lattice moves q by D q, and with the rows of D kept small by a weight, row i of D is (sum q q^T + weight
// 1)^-1 sum e_i q. A rotation has 3 parameters, D has 9: with few spots the 9 fit noise, so the rotation is the default
// and D must be justified by the spots.
//
// The sums have the same bits in every thread, so every thread solves separately and no cell is passed between threads.

struct Refined {
  cell: Cell,
  used: u32,
}

// One round: rotates the cell towards those of the first n spots that are within both limits of a node.
fn turn_to_spots(cell: Cell, list: u32, n: u32, index_limit: f32, radius: f32) -> Refined {
  let nodes = reciprocal(cell);
  var square = vec4f(); // xx yy zz, and the number of spots
  var mixed = vec3f();  // xy xz yz
  var torque = vec3f();
  for (var j = lane; j < n; j += WORKGROUP) {
    let r = residual(cell, nodes, spots[list + j].xyz);
    if (dot(r.offset, r.offset) < index_limit * index_limit && dot(r.e, r.e) < radius * radius) {
      let q = point_of(nodes, r.index);
      square += vec4f(q * q, 1.0);
      mixed += q.xxy * q.yzz;
      torque += cross(q, r.e);
    }
  }
  let sum = all_sum(Sums(square, vec4f(mixed, 0.0), vec4f(torque, 0.0), vec4f()));
  let used = u32(sum[0].w);
  let trace = sum[0].x + sum[0].y + sum[0].z;
  // A small addition to the diagonal keeps a near-singular rotation small.
  let turn = solve(Symmetric(trace - sum[0].xyz + TURN_STIFFNESS * trace, -sum[1].xyz), sum[2].xyz);
  let angle2 = dot(turn.x, turn.x);
  if (used < MIN_TURN_SPOTS || !turn.ok || !(angle2 < LARGEST_TURN * LARGEST_TURN)) { return Refined(cell, used); }
  // sin w / w and (1 - cos w) / w^2 as series: at 0.3 the omitted terms are below the last bit.
  let sine = 1.0 - angle2 / 6.0 * (1.0 - angle2 / 20.0 * (1.0 - angle2 / 42.0));
  let versed = 0.5 * (1.0 - angle2 / 12.0 * (1.0 - angle2 / 30.0 * (1.0 - angle2 / 56.0)));
  return Refined(Cell(swung(cell.a, turn.x, sine, versed), swung(cell.b, turn.x, sine, versed), swung(cell.c, turn.x, sine, versed)), used);
}

fn swung(v: vec3f, turn: vec3f, sine: f32, versed: f32) -> vec3f {
  // Computed as a correction to v, so that its length keeps all digits.
  return v + (sine * cross(turn, v) + versed * cross(turn, cross(turn, v)));
}

// One round that changes orientation and metric. Spots are selected and indexed by `cell`; the change is measured from
// `anchor`, so several rounds cannot exceed what the weight allows. A larger weight (1/angstrom^2) gives a smaller
// change.
fn fit_to_spots(cell: Cell, anchor: Cell, list: u32, n: u32, index_limit: f32, radius: f32, weight: f32) -> Refined {
  let nodes = reciprocal(cell);
  let start = reciprocal(anchor);
  var square = vec4f(); // xx yy zz, and the number of spots
  var mixed = vec3f();  // xy xz yz
  var x = vec3f();      // sum e_x q
  var y = vec3f();
  var z = vec3f();
  for (var j = lane; j < n; j += WORKGROUP) {
    let s = spots[list + j].xyz;
    let r = residual(cell, nodes, s);
    if (dot(r.offset, r.offset) < index_limit * index_limit && dot(r.e, r.e) < radius * radius) {
      let q = point_of(start, r.index);
      let e = s - q;
      square += vec4f(q * q, 1.0);
      mixed += q.xxy * q.yzz;
      x += e.x * q;
      y += e.y * q;
      z += e.z * q;
    }
  }
  let sum = all_sum(Sums(square, vec4f(mixed, z.x), vec4f(x, z.y), vec4f(y, z.z)));
  let used = u32(sum[0].w);
  let normal = Symmetric(sum[0].xyz + weight, sum[1].xyz);
  let dx = solve(normal, sum[2].xyz);
  let dy = solve(normal, sum[3].xyz);
  let dz = solve(normal, vec3f(sum[1].w, sum[2].w, sum[3].w));
  if (used < MIN_FIT_SPOTS || !(dx.ok && dy.ok && dz.ok)) { return Refined(cell, used); }
  let moved = Cell(
    start.a + vec3f(dot(dx.x, start.a), dot(dy.x, start.a), dot(dz.x, start.a)),
    start.b + vec3f(dot(dx.x, start.b), dot(dy.x, start.b), dot(dz.x, start.b)),
    start.c + vec3f(dot(dx.x, start.c), dot(dy.x, start.c), dot(dz.x, start.c)));
  let size = volume(moved) / volume(start);
  if (!(size > SMALLEST_GROWTH && size < LARGEST_GROWTH)) { return Refined(cell, used); }
  return Refined(reciprocal(moved), used);
}

// Sum over spots of max(0, 1 - e^2 / radius^2); number of spots within the radius of a node, and the sum of their
// squared distances.
struct Merit {
  merit: f32,
  inside: f32,
  squares: f32,
}
fn merit_of(cell: Cell, list: u32, n: u32, radius: f32) -> Merit {
  let nodes = reciprocal(cell);
  let scale = 1.0 / (radius * radius);
  var sum = vec4f();
  for (var j = lane; j < n; j += WORKGROUP) {
    let e = residual(cell, nodes, spots[list + j].xyz).e;
    let e2 = dot(e, e);
    let near = e2 < radius * radius;
    sum += vec4f(max(1.0 - e2 * scale, 0.0), select(0.0, 1.0, near), select(0.0, e2, near), 0.0);
  }
  let total = all_sum(Sums(sum, vec4f(), vec4f(), vec4f()));
  return Merit(total[0].x, total[0].y, total[0].z);
}

// The orientation.
fn refine_rotation(known: KnownCell, list: u32, n: u32, from_cell: Cell) -> Cell {
  let r = known.acceptance;
  var cell = from_cell;
  for (var k = 0u; k < TURN_ROUNDS; k++) {
    let round = turn_round_of(k);
    let radius = select(1e9, round.radius * r, round.radius > 0.0);
    cell = turn_to_spots(cell, list, select(n, min(n, TURN_SPOTS), round.low), round.index_limit, radius).cell;
  }
  return cell;
}

// The cell as well: first over growing resolution, then within a shrinking radius.
fn refine_strain(known: KnownCell, list: u32, n: u32, anchor: Cell) -> Cell {
  let r = known.acceptance;
  // Weighs errors of the spots against strain of the cell.
  let weight = (r / STRAIN_ERRORS / STRAIN_TOLERANCE) * (r / STRAIN_ERRORS / STRAIN_TOLERANCE);
  let last = select(LAST_RADIUS * r, run.params.max_distance, run.params.max_distance > 0.0);
  var cell = anchor;
  var m = min(n, TURN_SPOTS);
  var growing = true;
  var radius = GROW_RADIUS * r;
  var rounds = 0u;
  loop {
    let refined = fit_to_spots(cell, anchor, list, m, select(FIT_INDEX_LIMIT, GROW_INDEX_LIMIT, growing), radius,
      select(weight, GROW_STIFFNESS * weight, growing));
    cell = refined.cell;
    if (growing) {
      growing = m < n;
      m = min(2u * m, n);
      if (!growing) { radius = FIT_RADIUS * r; }
    } else {
      if (refined.used < run.params.refine_min_spots) { break; }
      radius *= run.params.contraction;
      rounds++;
    }
    if (!growing && !(rounds < run.params.refine_iterations && radius > last)) { break; }
  }
  return cell;
}

fn with_cell(lattice: Lattice, cell: Cell) -> Lattice {
  var moved = lattice;
  moved.a = cell.a;
  moved.b = cell.b;
  moved.c = cell.c;
  return moved;
}

// The refinements of the published method, one workgroup per cell: least squares for all nine numbers of the cell, with
// a radius that shrinks from round to round. ifss keeps the indices of the first cell, ifse recomputes them each round,
// ifssr measures distances in 1/angstrom.
//
// They are unrestrained fits, so they need many more spots than parameters; the fast method's own refinement does not.

// Squared distance of a spot from its node, in index units or (reciprocal) in 1/angstrom, and the residual of its
// indices.
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
  var square = vec4f(); // xx yy zz, and the number of spots
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
      // It solves for the step instead of the cell: its right-hand side is the residual, which float32 represents well.
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
  if (!(dh.ok && dk.ok && dl.ok) || !(abs(volume(moved)) > SMALLEST_VOLUME)) { return Refined(cell, used); }
  return Refined(moved, used);
}

// The distance of the `rank`-th best spot (from 1), by bisection over its bits.
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

// Refines as params.refinement says (ifss, ifse or ifssr), from spots within `start` index units.
fn fit_classic(known: KnownCell, list: u32, n: u32, start: f32, first: Cell) -> Cell {
  let p = run.params;
  let reciprocal_space = p.refinement == REFINEMENT_IFSSR;
  var cell = first;
  var limit = start;
  if (reciprocal_space) { limit /= known.shortest; }
  for (var rounds = 0u; ; rounds++) {
    // ifssr checks after a round whether it is done, the others before.
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
