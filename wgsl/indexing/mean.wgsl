// The published score: geometric mean of the trimmed distances, less the good spots and one; lower is better. A sum of
// logarithms, each of a product of four factors, which float32 holds.
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
// Scores as numbers that sort: they are below zero, or a little above.
fn score_key(score: f32) -> u32 {
  let raw = bitcast<u32>(score);
  return select(raw | 0x80000000u, ~raw, (raw >> 31u) != 0u);
}
