// Refinement in reciprocal space, one workgroup a cell: first only the orientation, then the cell as well where the
// spots support it. Needs `spots` and WORKGROUP.
//
// A spot s is given the node q = h a* + k b* + l c* with (h, k, l) its rounded indices, and e = s - q. A rotation by
// the small vector w moves q by w x q, and sum |e - w x q|^2 is least for (sum |q|^2 1 - q q^T) w = sum q x e. A
// strained lattice moves q by D q, and with the rows of D kept small by a weight, row i of D is (sum q q^T + weight
// 1)^-1 sum e_i q. A rotation has 3 parameters, D has 9: with few spots the 9 fit noise, which is why the rotation is
// the default and D has to earn its place.
//
// The sums are the same bits in every thread, so every thread solves for itself and no cell is handed round.

struct Refined {
  cell: Cell,
  used: u32,
}

// One round: turns the cell towards the first n spots that are within both limits of a node.
fn turn_to_spots(cell: Cell, list: u32, n: u32, index_limit: f32, radius: f32) -> Refined {
  let nodes = reciprocal(cell);
  var square = vec4f(); // xx yy zz, and how many
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
  // A little more on the diagonal keeps a near-singular turn small.
  let turn = solve(Symmetric(trace - sum[0].xyz + 2e-4 * trace, -sum[1].xyz), sum[2].xyz);
  let angle2 = dot(turn.x, turn.x);
  if (used < 3u || !turn.ok || !(angle2 < 0.3 * 0.3)) { return Refined(cell, used); }
  // sin w / w and (1 - cos w) / w^2 as series: at 0.3 what is left out is below the last bit.
  let sine = 1.0 - angle2 / 6.0 * (1.0 - angle2 / 20.0 * (1.0 - angle2 / 42.0));
  let versed = 0.5 * (1.0 - angle2 / 12.0 * (1.0 - angle2 / 30.0 * (1.0 - angle2 / 56.0)));
  return Refined(Cell(swung(cell.a, turn.x, sine, versed), swung(cell.b, turn.x, sine, versed), swung(cell.c, turn.x, sine, versed)), used);
}

fn swung(v: vec3f, turn: vec3f, sine: f32, versed: f32) -> vec3f {
  // As a correction to v: its length keeps all its digits.
  return v + (sine * cross(turn, v) + versed * cross(turn, cross(turn, v)));
}

// One round that moves orientation and metric. Spots are selected and indexed by `cell`; the move is counted from
// `anchor`, so rounds do not add up to more than the weight allows. A larger weight (1/angstrom^2) keeps the move
// smaller.
fn fit_to_spots(cell: Cell, anchor: Cell, list: u32, n: u32, index_limit: f32, radius: f32, weight: f32) -> Refined {
  let nodes = reciprocal(cell);
  let start = reciprocal(anchor);
  var square = vec4f(); // xx yy zz, and how many
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
  if (used < 5u || !(dx.ok && dy.ok && dz.ok)) { return Refined(cell, used); }
  let moved = Cell(
    start.a + vec3f(dot(dx.x, start.a), dot(dy.x, start.a), dot(dz.x, start.a)),
    start.b + vec3f(dot(dx.x, start.b), dot(dy.x, start.b), dot(dz.x, start.b)),
    start.c + vec3f(dot(dx.x, start.c), dot(dy.x, start.c), dot(dz.x, start.c)));
  let size = volume(moved) / volume(start);
  if (!(size > 0.5 && size < 2.0)) { return Refined(cell, used); }
  return Refined(reciprocal(moved), used);
}

// Sum over spots of max(0, 1 - e^2 / radius^2); spots within the radius of a node, and the sum of their squared
// distances.
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
  var radii = array<f32, 5>(1e9, 1e9, 3.2 * r, 1.6 * r, 1.2 * r);
  var cell = from_cell;
  for (var round_number = 0u; round_number < 5u; round_number++) {
    let low = round_number < 2u;
    cell = turn_to_spots(cell, list, select(n, min(n, TURN_SPOTS), low), select(0.25, 0.30, round_number == 0u), radii[round_number]).cell;
  }
  return cell;
}

// The cell as well: first over growing resolution, then within a shrinking radius.
fn refine_strain(known: KnownCell, list: u32, n: u32, anchor: Cell) -> Cell {
  let r = known.acceptance;
  // Errors of r / 3 against strains of one percent.
  let weight = (r / 3.0 / STRAIN_TOLERANCE) * (r / 3.0 / STRAIN_TOLERANCE);
  let last = select(0.3 * r, run.params.max_distance, run.params.max_distance > 0.0);
  var cell = anchor;
  var m = min(n, TURN_SPOTS);
  var growing = true;
  var radius = 2.0 * r;
  var rounds = 0u;
  loop {
    let refined = fit_to_spots(cell, anchor, list, m, select(0.25, 0.30, growing), radius, select(weight, 4.0 * weight, growing));
    cell = refined.cell;
    if (growing) {
      growing = m < n;
      m = min(2u * m, n);
      if (!growing) { radius = 1.6 * r; }
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
