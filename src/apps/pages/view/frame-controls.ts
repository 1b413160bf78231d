/** Stepping through frames: buttons, the number of the frame, the chart of the run, and playing. */
import { byId } from '../by-id.js';
import { list, viewer } from './app.js';
import { drawFrames, frameAt, ratesOf } from './charts.js';
import { bindSelect, field, onClick, writeUnlessEdited } from './elements.js';
import { type Filter, unknownKind } from './frame-filter.js';
import { follow, isFollowed, isLive } from './live-controls.js';
import { isScan } from './scan-controls.js';

export function bindFrames(): void {
  onClick('previous', () => step(-1));
  onClick('next', () => step(1));
  onClick('play', () => play());
  field('frame').addEventListener('change', () => {
    const frame = Number(field('frame').value);
    if (Number.isInteger(frame)) void go(frame);
  });
  bindSelect<Filter>('only', (filter) => viewer.setFilter(filter));
  list.onChoose = (frame) => void go(frame);
  const chart = byId<HTMLCanvasElement>('chart');
  chart.addEventListener('click', ({ offsetX }) => {
    const frame = viewer.opened && frameAt(chart, offsetX, viewer.opened.frames);
    if (frame !== undefined) void go(frame);
  });
}

/** Shows a frame that was chosen; for a run in progress, the page then stops following the newest frame. */
export function go(frame: number): Promise<void> {
  if (isFollowed()) follow(false);
  return viewer.go(frame);
}

/** Steps to another frame of the chosen kind. */
export function step(by: number): Promise<void> {
  if (isFollowed()) follow(false);
  return viewer.step(by);
}

export function writeFrames(): void {
  const { opened, frame, summaries } = viewer;
  const chart = byId<HTMLCanvasElement>('chart');
  // The positions of a scan are not searched; there may be many thousands of them.
  if (isScan()) {
    chart.hidden = true;
    byId('rates').textContent = '';
    return;
  }
  const seen = summaries.reduce((most, summary) => Math.max(most, summary?.peaks ?? -1), -1);
  // Before a search, the picture takes the place of the chart.
  chart.hidden = seen < 0 && !isLive();
  drawFrames(chart, summaries, opened?.frames ?? 0, frame);
  chart.title = `Peaks of each frame, up to ${seen}; coloured with a cap: indexed. Click a bar to see its frame.`;
  chart.ariaLabel = chart.title;
  if (!opened) return;
  writeUnlessEdited('frame', String(frame));
  byId('last').textContent = `/ ${opened.frames - 1}`;
  const only = byId<HTMLSelectElement>('only');
  only.value = viewer.filter;
  const reasons = [...only.options].map((option) => unknownKind(option.value as Filter, opened));
  for (const [i, why] of reasons.entries()) (only.options[i] as HTMLOptionElement).disabled = why !== undefined;
  only.title = reasons.find((why) => why !== undefined) ?? 'Frames to step through (H, U)';
  if (!isFollowed()) byId('rates').textContent = ratesOf(summaries, opened.frames, viewer.dropped) || searchHint();
  list.show(summaries, frame);
}

/** The text that is shown while the chart of the run is empty. */
const searchHint = (): string =>
  viewer.opened?.panels && !viewer.running ? 'Index all frames (Shift X) to see a chart of the run' : '';

/** Sets a filter, or removes it if it is set. */
export const toggleFilter = (filter: Filter): void => viewer.setFilter(viewer.filter === filter ? 'all' : filter);

let playing = false;
/** Steps through the frames, a few per second, until the button is pressed again or the last frame is reached. */
export async function play(): Promise<void> {
  playing = !playing;
  if (playing && isFollowed()) follow(false);
  byId('play').ariaPressed = String(playing);
  while (playing && viewer.opened) {
    const before = viewer.frame;
    await viewer.step(1);
    if (viewer.frame === before) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  playing = false;
  byId('play').ariaPressed = 'false';
}
