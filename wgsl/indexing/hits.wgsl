// What the rotation search leaves of a candidate in one sense: how many hits, then the hits, in `hits`.
const ENOUGH_HITS = 64u; // as many are compared by more than their count
const LEAST_HIT = 3u;
const MOST_STEPS = 5120u; // angles that a workgroup can count
fn hits_at(image: u32, number: u32) -> u32 { return image * run.hit_words + number * (1u + ENOUGH_HITS); }
fn hit_of(count: u32, step: u32) -> u32 { return (count << 16u) | step; }
fn count_of(hit: u32) -> u32 { return hit >> 16u; }
fn step_of(hit: u32) -> u32 { return hit & 0xffffu; }
