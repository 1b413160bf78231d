/** Playing: steps through the frames, a few per second, until it is asked again or the last frame is reached. */
import type { Viewer } from './viewer.js';

/** Time between two frames, ms. */
const restMs = 200;
let playing = false;
/** The number of the loop that plays: one that was paused ends, though playing has begun anew while it rested. */
let loop = 0;

/** Begins to play, or pauses; `tell` is told which. */
export async function play(viewer: Pick<Viewer, 'opened' | 'frame' | 'step'>, tell: (playing: boolean) => void) {
  playing = !playing;
  tell(playing);
  const own = ++loop;
  if (!playing) return;
  while (viewer.opened) {
    const before = viewer.frame;
    await viewer.step(1);
    if (own !== loop) return;
    if (viewer.frame === before) break;
    await new Promise((resolve) => setTimeout(resolve, restMs));
    if (own !== loop) return;
  }
  playing = false;
  tell(false);
}
