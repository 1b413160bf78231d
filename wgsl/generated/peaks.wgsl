// Generated from src/compute/layout/peaks.ts by `npm run layout`. Do not edit.
const MAX_BLOB: u32 = 1024u;
const MAX_LOST: u32 = 1024u;
const NUMBER_U8: u32 = 0u;
const NUMBER_I8: u32 = 1u;
const NUMBER_U16: u32 = 2u;
const NUMBER_I16: u32 = 3u;
const NUMBER_U32: u32 = 4u;
const NUMBER_I32: u32 = 5u;
const NUMBER_F32: u32 = 6u;
const FINDER_PEAKFINDER8: u32 = 0u;
const FINDER_ZAEF: u32 = 1u;
const FINDER_DISPERSION: u32 = 2u;
const FINDER_DISPERSION_EXTENDED: u32 = 3u;

// Sizes of a peak finder: everything it allocates follows from these.
struct PeaksDescriptor {
  width: u32, // pixels of a frame along fast scan
  height: u32, // pixels of a frame along slow scan
  panels: u32, // rectangles of the frame that are searched
  dtype: u32, // a Number
  finder: u32, // a Finder
  sums_only: u32, // 1: the bins are summed and nothing is searched
  reserved1: u32, // zero
  reserved2: u32, // zero
}

// A rectangle of the frame, half open.
struct PeaksPanel {
  fs: u32, // first pixel
  ss: u32, // first row
  end_fs: u32, // after the last
  end_ss: u32, // after the last
}

// One search.
struct PeaksParams {
  threshold: f32, // values at or below never belong to a peak
  min_snr: f32, // sigmas above the radial mean of a pixel, and of a peak above its surroundings
  min_pix_count: u32, // pixels of a peak, at least
  max_pix_count: u32, // pixels of a peak, at most
  local_bg_radius: u32, // surroundings reach twice as far from a peak, in pixels
  least_integer: i32, // smaller values are bad pixels; of integer frames
  greatest_integer: u32, // greater values are bad pixels; of integer frames
  least_real: f32, // the same for real frames
  greatest_real: f32, // the same for real frames
  plain: u32, // 1: five passes over the frame in place of one; the same, slower
  min_squared_gradient: f32, // zaef: square of the gradient of a foot point, at least
  inner_radius: f32, // zaef: pixels of a peak lie within, in pixels
  middle_radius: f32, // zaef: its background lies beyond
  outer_radius: f32, // zaef: and within this
  gain: f32, // dispersion: units of the frame a count
  kernel_size: u32, // dispersion: its window reaches as far to each side, in pixels
  sigma_background: f32, // dispersion: variance over mean of a window is above what counting makes by as many sigmas
  sigma_strong: f32, // dispersion: a pixel is above the mean of its window by as many sigmas
  min_count: u32, // dispersion: good pixels of a window, at least
  reserved0: u32, // zero
}

// A peak: pixels count from the corner of the frame, so that the centre of the first one is at 0.5.
struct Peak {
  fs: f32, // centroid along fast scan
  ss: f32, // centroid along slow scan
  intensity: f32, // sum above the surroundings
  maximum: f32, // highest pixel above the surroundings
  snr: f32, // intensity over the standard deviation of the surroundings
  pixels: u32, // pixels of it
  panel: u32, // number of its panel
  background: f32, // mean of its surroundings
}

// Sums over stretches of rows of a frame of integers.
struct SpansParams {
  width: u32, // pixels of a frame along fast scan
  height: u32, // pixels of a frame along slow scan
  dtype: u32, // a Number, not f32
  spans: u32, // stretches
  regions: u32, // regions that consist of them
  reserved0: u32, // zero
  reserved1: u32, // zero
  reserved2: u32, // zero
}

// A stretch of a row of a frame.
struct Span {
  region: u32, // number of its region
  ss: u32, // its row
  fs: u32, // its first pixel
  count: u32, // its pixels
}

// One search, with what follows from the frame. Keys are integers that are ordered like the values of pixels.
struct PeaksRun {
  params: PeaksParams, // parameters of the search
  width: u32, // pixels of a frame along fast scan
  marked: u32, // 1: pixels that are bad in this frame are given
  least_key: i32, // smaller values are bad pixels
  greatest_key: i32, // greater values are bad pixels
  dtype: u32, // a Number: the same for all runs of a plan, but no constant, so that kernels are compiled once
  height: u32, // pixels of a frame along slow scan
  inner_square: u32, // zaef: offsets of whole pixels lie within a radius where their square is at most this, its square's whole part
  middle_square: u32, // zaef: the same of where the background begins
  outer_square: u32, // zaef: the same of where it ends
  stage: u32, // dispersion: 0 asks what varies, 1 what lies within that, 2 what stands out from the rest
  extended: u32, // dispersion: 1 where the last two stages follow
  pad0: u32, // zero
}

// Limits of a ring after the last clip, and what they are as keys.
struct PeaksRing {
  mean: f32, // of the pixels between the limits
  sigma: f32, // their standard deviation
  lower: f32, // lower limit
  upper: f32, // upper limit
  above: i32, // first key above the upper limit
  below: i32, // last key below the upper limit
  has: u32, // 1: there are keys above, 2: there are keys below
  pad0: u32, // zero
}

// A peak of zaef before it is held against others: its centroid with the digits that this takes.
struct PeaksSummit {
  peak: Peak, // its figures; the panel is still the pixel of the summit
  foot: u32, // the first foot that leads to it
  x_low: u32, // float64 of the centroid from the summit along fast scan, low word
  x_high: u32, // high word
  y_low: u32, // the same along slow scan
  y_high: u32, // high word
  pad0: u32, // zero
  pad1: u32, // zero
  pad2: u32, // zero
}
