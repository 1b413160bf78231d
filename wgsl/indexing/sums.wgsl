// Sums of vectors over the 64 threads of a workgroup, always added in the same order. Every thread receives the total,
// as a value that counts as uniform. See lanes.wgsl for `lane`.
alias Sums = array<vec4f, 4>;

var<workgroup> parts: array<vec4f, 128>;
var<workgroup> totals: Sums;

fn all_sum(values: Sums) -> Sums {
  var mine = values;
  if (lane >= 32u) {
    for (var i = 0u; i < 4u; i++) { parts[32u * i + lane - 32u] = mine[i]; }
  }
  workgroupBarrier();
  if (lane < 32u) {
    for (var i = 0u; i < 4u; i++) { parts[32u * i + lane] += mine[i]; }
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
