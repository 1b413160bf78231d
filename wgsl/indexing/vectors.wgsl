// Candidate vectors of an image in `vectors`: where they were sampled, half as many again as the largest effort asks
// for, and behind them those that were kept.
const MOST_PICKED = 384u;
