// A vector of a known cell that the exhaustive method samples; lengths of one group share their samples.
struct Length {
  length: f32,
  input: u32,
  base: u32,
  group: u32,
}

// Candidate vectors of an image and a group.
fn wanted() -> u32 { return select(run.candidate_vectors, 32u, run.candidate_vectors == 0u); }
fn vector_at(image: u32, group: u32, k: u32) -> u32 { return image * run.vectors + group * wanted() + k; }

fn directions_here() -> u32 { return 2u * min(wanted(), run.sample_points) * run.length_count; }
// Counts of a direction over the angles, two a word.
fn angle_words() -> u32 { return (run.angle_points + 3u) / 4u * 2u; }
fn angles_at(image: u32, d: u32) -> u32 { return image * run.hit_words + d * angle_words(); }
