// Sums and positions over the WORKGROUP threads of a workgroup (32 to 256, defined by the kernel). The results do not
// depend on the order in which the threads run. `lane` is the thread's number, set at the start of a kernel.
var<private> lane: u32;

var<workgroup> taken_bits: array<atomic<u32>, 8>;

// The position of a thread's element when the selected elements are packed, and their number. All threads must call it.
struct Place {
  before: u32,
  total: u32,
}
fn place_of(take: bool) -> Place {
  if (lane < 8u) { atomicStore(&taken_bits[lane], 0u); }
  workgroupBarrier();
  if (take) { atomicOr(&taken_bits[lane / 32u], 1u << (lane % 32u)); }
  workgroupBarrier();
  var place = Place(0u, 0u);
  for (var w = 0u; w < WORKGROUP / 32u; w++) {
    let bits = atomicLoad(&taken_bits[w]);
    place.total += countOneBits(bits);
    if (w < lane / 32u) { place.before += countOneBits(bits); }
    if (w == lane / 32u) { place.before += countOneBits(bits & ((1u << (lane % 32u)) - 1u)); }
  }
  workgroupBarrier();
  return place;
}

var<workgroup> scanned: array<vec2u, WORKGROUP>;
var<workgroup> scanned_rows: array<vec2u, 16>;

// The sum over the threads before this one. All threads must call it.
fn sum_before(value: vec2u) -> vec2u {
  const row = WORKGROUP / 16u;
  scanned[lane] = value;
  workgroupBarrier();
  if (lane < 16u) {
    var sum = vec2u();
    for (var k = 0u; k < row; k++) { sum += scanned[lane * row + k]; }
    scanned_rows[lane] = sum;
  }
  workgroupBarrier();
  var before = vec2u();
  for (var r = 0u; r < lane / row; r++) { before += scanned_rows[r]; }
  for (var k = lane / row * row; k < lane; k++) { before += scanned[k]; }
  workgroupBarrier();
  return before;
}

// Sums of vectors over the 64 threads of a workgroup, always added in the same order. Every thread receives the total,
// as a uniform value. See lanes.wgsl for `lane`.
alias Sums = array<vec4f, 4>;

var<workgroup> parts: array<vec4f, 128>;
var<workgroup> totals: Sums;

fn all_sum(values: Sums) -> Sums {
  var own = values;
  if (lane >= 32u) {
    for (var i = 0u; i < 4u; i++) { parts[32u * i + lane - 32u] = own[i]; }
  }
  workgroupBarrier();
  if (lane < 32u) {
    for (var i = 0u; i < 4u; i++) { parts[32u * i + lane] += own[i]; }
  }
  workgroupBarrier();
  let half = 32u * (lane / 16u) + lane % 16u;
  parts[half] += parts[half + 16u];
  workgroupBarrier();
  if (lane < 4u) {
    var sum = vec4f();
    for (var k = 0u; k < 16u; k++) { sum += parts[32u * lane + k]; }
    totals[lane] = sum;
  }
  return workgroupUniformLoad(&totals);
}

// The sum of s s^T starts with one spot.
fn moments(s: vec3f) -> Sums { return Sums(vec4f(s * s, 0.0), vec4f(s.x * s.y, s.x * s.z, s.y * s.z, 0.0), vec4f(), vec4f()); }
fn add_sums(a: Sums, b: Sums) -> Sums { return Sums(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]); }
