// The verdict: how probable it is that spots without the lattice give an answer as good. Needs what refine.wgsl needs,
// `tables`, and `nodes`, a hash of occupied nodes from `slots` on.
// cpp/indexing/significance.h gives the reasons and the formulas.
const LOG10_E = 0.4342944819;
const LOG10_2 = 0.3010299957;

struct Chance {
  log10: f32,    // of the chance that spots without the lattice do as well, if they are spread evenly
  p: f32,        // the occupancy and radius at which it was found
  radius: f32,
  trials: f32,   // log10 of the number of trials
  occupied: u32, // nodes with a spot within the radius
}

var<workgroup> level_counts: array<atomic<u32>, LEVELS>;
var<workgroup> chances: array<Chance, LEVELS>;
var<workgroup> agreed_chance: Chance;
var<workgroup> within: array<atomic<u32>, 3u * MAX_TURNS>;
var<workgroup> agreed_occupancy: f32;

fn log10_of(x: f32) -> f32 { return log2(x) * LOG10_2; }
fn cube_root(x: f32) -> f32 { return exp2(log2(x) / 3.0); }

// Records that a spot lies in the given level at a node; of two spots at one node only the closer one counts. A slot
// holds the node in its upper 27 bits and the level plus one in its lower five; 0 is free.
fn occupy(slots: u32, node: vec3i, level: u32) {
  let h = vec3u(node) & vec3u(511u);
  let key = (h.x << 23u) | (h.y << 14u) | (h.z << 5u);
  let mask = run.node_slots - 1u;
  var slot = (((key >> 5u) * 0x9e3779b9u) >> 8u) & mask;
  loop {
    let found = atomicCompareExchangeWeak(&nodes[slots + slot], 0u, key | (level + 1u));
    if (found.exchanged) { return; }
    if (found.old_value == 0u) { continue; } // the exchange may fail spuriously
    if ((found.old_value & ~31u) == key) {
      atomicMax(&nodes[slots + slot], key | (level + 1u));
      return;
    }
    slot = (slot + 1u) & mask;
  }
}

// ln n! minus its leading terms n ln n - n + ln sqrt(2 pi n).
fn stirling(n: f32) -> f32 {
  let r = 1.0 / (n * n);
  return (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / n;
}

// log10 of the probability of k or more hits in n trials of probability p. The first term of the tail is written with
// the logarithms of k / (n p) and (n - k) / (n (1 - p)): sums of log-factorials would cancel in float32.
fn log10_tail(n: u32, hits: u32, p: f32) -> f32 {
  let all = f32(n);
  let k = f32(min(hits, n));
  if (k <= 0.0 || k <= all * p) { return 0.0; }
  let rest = all - k;
  var first = -k * log(k / (all * p));
  if (rest > 0.0) {
    first -= rest * log(rest / (all * (1.0 - p)));
    first += 0.5 * log(all / (2.0 * PI * k * rest)) + stirling(all) - stirling(k) - stirling(rest);
  }
  var term = 1.0;
  var series = 1.0;
  let odds = p / (1.0 - p);
  for (var i = k; i < all; i += 1.0) {
    term *= odds * (all - i) / (i + 1.0);
    series += term;
    if (term < TAIL_PRECISION * series) { break; }
  }
  return min((first + log(series)) * LOG10_E, 0.0);
}

fn chance_of(lattice: Lattice, list: u32, n: u32, slots: u32) -> Chance {
  let cell = cell_of_lattice(lattice);
  let nodes_of = reciprocal(cell);
  for (var i = lane; i < run.node_slots; i += WORKGROUP) { atomicStore(&nodes[slots + i], 0u); }
  if (lane < LEVELS) { atomicStore(&level_counts[lane], 0u); }
  storageBarrier();
  workgroupBarrier();
  let cell_volume = abs(volume(cell));
  let widest = cube_root(WIDEST_OCCUPANCY * 3.0 / (4.0 * PI * cell_volume));
  var square = vec4f(); // xx yy zz of the spots within the radius, and sum of |s|^3 of all
  var mixed = vec3f();  // xy xz yz
  for (var j = lane; j < n; j += WORKGROUP) {
    let s = spots[list + j];
    square.w += s.w * s.w * s.w;
    let r = residual(cell, nodes_of, s.xyz);
    let e2 = dot(r.e, r.e);
    if (!(e2 < widest * widest)) { continue; }
    var level = 0u;
    var radius2 = widest * widest;
    while (level + 1u < LEVELS) {
      radius2 *= 0.62996052; // 2^(-2/3)
      if (!(e2 < radius2)) { break; }
      level++;
    }
    let node = vec3i(clamp(r.index, vec3f(-1e6), vec3f(1e6)));
    if (all(node == vec3i())) { continue; }
    occupy(slots, node, level);
    square += vec4f(s.xyz * s.xyz, 0.0);
    mixed += s.xxy * s.yzz;
  }
  let sum = all_sum(Sums(square, vec4f(mixed, 0.0), vec4f(), vec4f()));
  storageBarrier();
  for (var i = lane; i < run.node_slots; i += WORKGROUP) {
    let level = atomicLoad(&nodes[slots + i]) & 31u;
    if (level != 0u) { atomicAdd(&level_counts[level - 1u], 1u); }
  }
  workgroupBarrier();
  // Spots in a single row do not determine an orientation, however well they fit: the second moment across the row must
  // be large enough.
  let d = sum[0].xyz;
  let o = sum[1].xyz;
  let minors = d.x * d.y - o.x * o.x + d.x * d.z - o.y * o.y + d.y * d.z - o.z * o.z;
  let trace = d.x + d.y + d.z;
  let spread = !(minors < ROW_LIMIT * trace * trace);
  if (lane < LEVELS) {
    var occupied = 0u;
    for (var j = lane; j < LEVELS; j++) { occupied += atomicLoad(&level_counts[j]); }
    var chance = Chance();
    if (occupied >= MIN_OCCUPIED && spread) {
      let s3 = sum[0].w / f32(n);
      let s = cube_root(s3);
      let reached = 4.0 * PI / 3.0 * s3 * cell_volume;
      let p = WIDEST_OCCUPANCY * exp2(-f32(lane));
      let radius = widest * exp2(-f32(lane) / 3.0);
      // Trials: orientations, radii, known cells; a strained cell has six more parameters to follow the spots.
      var trials = log10_of(8.0 * PI * PI * (reached + 1.0) / p) + log10_of(f32(run.cell_count));
      if ((lattice.marks & STRAINED) != 0u) { trials += f32(STRAIN_WAYS) * log10_of(1.0 + 2.0 * STRAIN_TOLERANCE * s / radius); }
      if ((lattice.marks & SCALED) != 0u) { trials += log10_of(1.0 + 2.0 * SCALE_TOLERANCE * s / radius); }
      let log10_chance = log10_tail(n, occupied, p) + trials;
      if (log10_chance < 0.0) { chance = Chance(log10_chance, p, radius, trials, occupied); }
    }
    chances[lane] = chance;
  }
  workgroupBarrier();
  // The smallest chance; among ties the widest radius.
  if (lane == 0u) {
    var best = chances[0];
    for (var j = 1u; j < LEVELS; j++) {
      if (chances[j].log10 < best.log10) { best = chances[j]; }
    }
    agreed_chance = best;
  }
  return workgroupUniformLoad(&agreed_chance);
}

// The chance of a hit when the lattice is rotated about the beam by arbitrary angles; at least p.
fn measured_occupancy(axis: vec3f, cell: Cell, list: u32, n: u32, chance: Chance, looks: u32) -> f32 {
  let turns = clamp(looks / n, MIN_TURNS, MAX_TURNS);
  for (var i = lane; i < 3u * turns; i += WORKGROUP) { atomicStore(&within[i], 0u); }
  workgroupBarrier();
  // Number of threads that share a rotation.
  var group = 1u;
  while (group < 8u && 2u * group * turns <= WORKGROUP) { group *= 2u; }
  let near = chance.radius * chance.radius;
  for (var i = lane / group; i < turns; i += WORKGROUP / group) {
    // Golden-ratio angles: spread evenly, and none is a symmetry of a lattice. The upper word of the product, from
    // 16-bit halves.
    let fraction = (i + 1u) * 0x9e3779b9u;
    let k = ((fraction >> 16u) * TURN_STEPS + (((fraction & 0xffffu) * TURN_STEPS) >> 16u)) >> 16u;
    let t = tables[run.turns + k];
    let a = Cell(turned(cell.a, axis, t.x, t.y), turned(cell.b, axis, t.x, t.y), turned(cell.c, axis, t.x, t.y));
    let b = reciprocal(a);
    var inside = vec3u();
    for (var j = lane % group; j < n; j += group) {
      let e = residual(a, b, spots[list + j].xyz).e;
      inside += select(vec3u(0u), vec3u(1u), vec3f(dot(e, e)) < near * vec3f(1.0, 4.0, 16.0));
    }
    atomicAdd(&within[3u * i], inside.x);
    atomicAdd(&within[3u * i + 1u], inside.y);
    atomicAdd(&within[3u * i + 2u], inside.z);
  }
  workgroupBarrier();
  if (lane == 0u) {
    var hits = vec3u();
    var odd_hits = vec3u();
    var odd = 0u;
    for (var i = 0u; i < turns; i++) {
      let here = vec3u(atomicLoad(&within[3u * i]), atomicLoad(&within[3u * i + 1u]), atomicLoad(&within[3u * i + 2u]));
      if (here.x > ODD_HITS && 10u * here.x > ODD_SHARE * chance.occupied) {
        odd++;
        odd_hits += here;
      } else {
        hits += here;
      }
    }
    // A few rotations with as many hits as the answer are symmetries of the lattice, or a second crystal, and are not
    // counted. If there are many, the answer itself is not significant.
    let leave_out = ODD_TURNS * odd <= turns;
    if (!leave_out) { hits += odd_hits; }
    // A few hits carry little information, so eight virtual hits of the uniform case are added to them.
    var worst = 1.0;
    let trials = f32(select(turns, turns - odd, leave_out)) * f32(n);
    for (var g = 0u; g < 3u; g++) {
      let step = f32(1u << g);
      let even = chance.p * step * step * step;
      if (even > EVEN_LIMIT) { break; }
      let excess = (f32(hits[g]) + f32(IMAGINED_HITS)) / (even * trials + f32(IMAGINED_HITS));
      // Near a plane of the lattice hits grow as r^2, not r^3: an excess at a wider radius is even larger at this one.
      if (g == 0u || excess > WIDE_EXCESS) { worst = max(worst, excess * step); }
    }
    agreed_occupancy = min(chance.p * worst, HIGHEST_OCCUPANCY);
  }
  return workgroupUniformLoad(&agreed_occupancy);
}

// log10 of the chance, with the occupancy measured about the beam.
fn measured(chance: Chance, cell: Cell, beam: vec3f, list: u32, n: u32) -> f32 {
  if (chance.occupied == 0u || chance.log10 > MEASURED_FROM) { return chance.log10; }
  // Where the answer is beyond doubt, a rough measurement is enough.
  let looks = select(LOOKS, CLEAR_LOOKS, chance.log10 < CLEAR_FACTOR * run.params.accept_log10 - CLEAR_DECADES);
  let p = measured_occupancy(beam, cell, list, n, chance, looks);
  if (p <= chance.p) { return chance.log10; }
  return min(log10_tail(n, chance.occupied, p) + chance.trials, 0.0);
}
