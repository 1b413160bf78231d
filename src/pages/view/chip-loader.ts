/** The map of a chip beside the picture; its code is loaded with the first frames that have wells. */
import type { FrameStatistics } from '../../entries/pages.js';
import { lazily } from './lazily.js';
import type { RunFacts } from './live-feed.js';

/** Frames that have been reported; `first` is the number of the first of them. */
type Reported = readonly [facts: RunFacts, frames: readonly FrameStatistics[], first: number];

/** Ends following, so that the frame of a well that is clicked stays. */
let unfollow: () => void = () => undefined;
/** What arrived before the code. */
const early: Reported[] = [];
const pane = lazily(
  () => import('./chip-controls.js'),
  ({ addFrames, bindChip }) => {
    bindChip(unfollow);
    for (const reported of early.splice(0)) addFrames(...reported);
  },
);

/** Takes frames of a run over a chip; `choose` is called before the frame of a well is shown. */
export function addToChip(choose: () => void, ...reported: Reported): void {
  unfollow = choose;
  const code = pane();
  if (code) code.addFrames(...reported);
  else early.push(reported);
}
