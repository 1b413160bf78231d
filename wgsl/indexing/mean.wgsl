// The published score: the geometric mean of the trimmed distances, minus the number of good spots and one; lower is
// better. It is a sum of logarithms, each of a product of four factors, which fits into float32.
struct MeanLog {
  product: f32,
  sum: f32,
}
fn add_distance(m: MeanLog, distance: f32, j: u32) -> MeanLog {
  let product = m.product * (clamp(distance, run.params.trim_low, run.params.trim_high) + run.params.delta);
  if ((j & 3u) != 3u) { return MeanLog(product, m.sum); }
  return MeanLog(1.0, m.sum + log2(product));
}
fn score_of(m: MeanLog, n: u32, good: u32) -> f32 {
  return exp2((m.sum + log2(m.product)) / f32(n)) - run.params.delta - f32(good + 1u);
}
// Scores as sortable integers: they are below zero, or slightly above.
fn score_key(score: f32) -> u32 {
  let raw = bitcast<u32>(score);
  return select(raw | 0x80000000u, ~raw, (raw >> 31u) != 0u);
}
