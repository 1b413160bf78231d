/** The keys of the page. */
import { byId } from '../by-id.js';
import { pane, viewer } from './app.js';
import { colourMapNames } from './colour-maps.js';
import { goToFrame, play, step, toggleFilter } from './frame-controls.js';
import { bindKeys, type KeyAction, nextOf } from './keys.js';
import { follow, isLive } from './live-controls.js';
import { isScan, scanKeys } from './scan-controls.js';
import { searchAll, withTypedCell } from './search-controls.js';
import { scales } from './shaders.js';
import { shownStages } from './stages.js';

/** Keys that step through frames and search them, which do not apply to a scan. */
const frameKeys: readonly KeyAction[] = [
  { keys: ['ArrowLeft'], about: 'previous and next frame; with Shift by ten', act: (far) => void step(far ? -10 : -1) },
  { keys: ['ArrowRight'], about: 'previous and next frame; with Shift by ten', act: (far) => void step(far ? 10 : 1) },
  { keys: ['Home'], about: 'first frame', act: () => void goToFrame(0) },
  { keys: ['End'], about: 'last frame', act: () => void goToFrame(Number.MAX_SAFE_INTEGER) },
  { keys: [' '], about: 'play', act: () => void play() },
  {
    keys: ['f'],
    about: 'follow a run: show its newest frame',
    when: isLive,
    act: () => follow(),
  },
  {
    keys: ['o'],
    about: 'overview of a run, or the picture of a frame',
    when: () => document.getElementById('overview') !== null,
    act: () => byId('overview').click(),
  },
  { keys: ['h'], about: 'hits only', act: () => toggleFilter('hits') },
  { keys: ['u'], about: 'unindexed hits only', act: () => toggleFilter('unindexed') },
  { keys: ['p'], about: 'peaks', act: () => viewer.toggle('peaks') },
  { keys: ['i'], about: 'predicted reflections', act: () => viewer.toggle('reflections') },
  { keys: ['r'], about: 'resolution rings', act: () => viewer.toggle('rings') },
  { keys: ['n'], about: 'panels and their names', act: () => viewer.toggle('panels') },
  {
    keys: ['t'],
    about: 'what the peak search saw: background, noise, limit, signal to noise, strong pixels',
    act: () => void viewer.setStage(nextOf(shownStages, viewer.stage)),
  },
  {
    keys: ['x'],
    about: 'index this frame; with Shift search all frames',
    act: (far) => void withTypedCell(() => (far ? searchAll() : viewer.index())),
  },
];

const viewKeys: readonly KeyAction[] = [
  { keys: ['+', '='], about: 'zoom in and out; the wheel does it, too', act: () => pane.zoom(1.25) },
  { keys: ['-'], about: 'zoom in and out; the wheel does it, too', act: () => pane.zoom(0.8) },
  ...(
    [
      ['4', 1, 0],
      ['8', 0, 1],
      ['2', 0, -1],
      ['6', -1, 0],
    ] as const
  ).map(([key, right, down]) => ({
    keys: [key],
    about: 'move to the left, up, down and to the right, as on a number pad',
    act: (): void => pane.pan(right / 8, down / 8),
  })),
  { keys: ['0'], about: 'show the whole detector; a double click does it, too', act: () => pane.fit() },
  { keys: ['1'], about: 'one pixel of the detector on one of the screen', act: () => pane.oneToOne() },
  { keys: ['a'], about: 'automatic contrast', act: () => viewer.auto() },
  { keys: ['k'], about: 'lock the contrast', act: () => viewer.lock(!viewer.locked) },
  { keys: ['l'], about: 'next scale', act: () => viewer.scale(nextOf(scales, pane.picture.scale)) },
  { keys: ['c'], about: 'next colours', act: () => viewer.colour(nextOf(colourMapNames, viewer.colours)) },
  { keys: ['m'], about: 'mask', act: () => viewer.toggle('mask') },
  { keys: ['v'], about: 'values of pixels, when they are large enough', act: () => viewer.toggle('values') },
  { keys: ['s'], about: 'save the picture as PNG', act: () => byId('png').click() },
  { keys: ['y'], about: 'copy the address of this view', act: () => byId('link').click() },
  { keys: ['?'], about: 'this list', act: () => byId<HTMLDialogElement>('keys').showModal() },
];

/** They apply where single frames are shown, each where its pane is. */
const ofFrames = frameKeys.map((action) => ({ ...action, when: () => !isScan() && (action.when?.() ?? true) }));

/** Binds the keys; they are listed in the order of their use, and those of a scan are tried first. */
export const bindPageKeys = (): void =>
  bindKeys([...scanKeys, ...ofFrames, ...viewKeys], [...ofFrames, ...viewKeys, ...scanKeys]);
