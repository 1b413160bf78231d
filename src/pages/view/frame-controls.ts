/** Stepping through frames: buttons, the number of the frame, the chart of the run, and playing. */
import { byId } from '../by-id.js';
import { say, viewer } from './app.js';
import { ratesOf } from './charts.js';
import { bindSelect, inputById, onClick, selectById, setTextByIdUnlessFocused } from './elements.js';
import { type Filter, unknownKind } from './frame-filter.js';
import { lazily } from './lazily.js';
import { follow, isFollowed, isLive, liveStrip } from './live-controls.js';
import { leaveOverview } from './overview-loader.js';
import { isScan } from './scan-controls.js';
import { hideStrip, strip } from './strip-loader.js';

/** The list of frames and other parts beside the picture; undefined while they are loaded. */
export const frameParts = lazily(
  () => import('./frame-parts.js'),
  ({ list, bindTools }) => {
    list.onChoose = (frame) => void goToFrame(frame);
    bindTools();
  },
);

export function bindFrames(): void {
  onClick('previous', () => step(-1));
  onClick('next', () => step(1));
  onClick('play', () => play());
  inputById('frame').addEventListener('change', () => void goTyped().catch(viewer.fail));
  bindSelect(selectById('only'), (filter: Filter) => viewer.setFilter(filter));
  const chart = byId<HTMLCanvasElement>('chart');
  chart.addEventListener('click', ({ offsetX }) => {
    const frames = viewer.opened?.frames ?? 0;
    const frame = isStrip() ? strip()?.stripFrameAt(offsetX) : strip()?.frameAt(chart, offsetX, frames);
    if (frame === undefined) return;
    leaveOverview();
    void goToFrame(frame);
  });
}

/** Whether there are more frames than bars fit, or a run is followed: the chart then shows shares over time. */
function isStrip(): boolean {
  const frames = viewer.opened?.frames ?? 0;
  return isLive() || frames > document.body.clientWidth;
}

/** Shows a frame that was chosen; for a run in progress, the page then stops following the newest frame. */
export function goToFrame(frame: number): Promise<void> {
  if (isFollowed()) follow(false);
  return viewer.go(frame);
}

/** Shows the frame whose number or event was typed, or reports that it does not exist. */
async function goTyped(): Promise<void> {
  const typed = inputById('frame').value.trim();
  const frame = await viewer.frameNamed(typed);
  // What was said of an earlier entry is void.
  if (inputById('frame').ariaInvalid === 'true') say('', false);
  inputById('frame').setAttribute('aria-invalid', String(frame === undefined));
  const last = (viewer.opened?.frames ?? 1) - 1;
  if (frame !== undefined) {
    inputById('frame').value = String(frame);
    await goToFrame(frame);
    return;
  }
  const event = `//${Math.min(last, 25)}`;
  say(`There is no frame "${typed}": frames are 0 … ${last}, or events such as ${event}.`, true);
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
  if (chart.hidden || !isStrip()) hideStrip();
  if (chart.hidden) chart.title = '';
  else if (isStrip()) strip()?.writeStrip(isLive() ? liveStrip() : { summaries, shown: frame });
  else {
    strip()?.drawFrames(chart, summaries, opened?.frames ?? 0, frame);
    chart.title = `Peaks of each frame, up to ${seen}; coloured with a cap: indexed. Click a bar to see its frame.`;
  }
  if (!isStrip()) chart.ariaLabel = chart.title;
  if (!opened) return;
  if (setTextByIdUnlessFocused('frame', String(frame))) inputById('frame').removeAttribute('aria-invalid');
  byId('last').textContent = `/ ${opened.frames - 1}`;
  const only = selectById('only');
  only.value = viewer.filter;
  const reasons = [...only.options].map((option) => unknownKind(option.value as Filter, opened));
  for (const [i, why] of reasons.entries()) (only.options[i] as HTMLOptionElement).disabled = why !== undefined;
  only.title = reasons.find((why) => why !== undefined) ?? 'Frames to step through (H, U)';
  if (!isFollowed()) byId('rates').textContent = ratesOf(summaries, opened.frames, viewer.dropped) || searchHint();
  frameParts()?.list.show(summaries, frame);
  frameParts()?.writeTools();
}

/** The text that is shown while the chart of the run is empty. */
const searchHint = (): string =>
  viewer.opened?.panels && !viewer.running ? 'Index all frames (Shift X) to see a chart of the run' : '';

/** Sets a filter, or removes it if it is set. */
export const toggleFilter = (filter: Filter): void => viewer.setFilter(viewer.filter === filter ? 'all' : filter);

/** Steps through the frames until the button is pressed again or the last frame is reached. */
export const play = (): Promise<void> =>
  import('./play.js').then((code) =>
    code.play(viewer, (playing) => {
      if (playing && isFollowed()) follow(false);
      byId('play').ariaPressed = String(playing);
    }),
  );
