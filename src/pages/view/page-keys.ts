/** The keys of the page. */
import { byId } from '../by-id.js';
import { pane, scan, viewer } from './app.js';
import { colourMapNames } from './colour-maps.js';
import { goToFrame, play, step, toggleFilter } from './frame-controls.js';
import { bindKeys, type KeyAction, nextOf } from './keys.js';
import { follow, isLive } from './live-controls.js';
import { isScan } from './scan-controls.js';
import { isLive as isOfDetector, quantityNames } from './scan-quantities.js';
import { searchAll, withTypedCell } from './search-controls.js';
import { scales } from './shaders.js';
import { shownStages } from './stages.js';

const directions = [
  ['w', 'ArrowUp', 0, -1],
  ['a', 'ArrowLeft', -1, 0],
  ['s', 'ArrowDown', 0, 1],
  ['d', 'ArrowRight', 1, 0],
] as const;
const by = (isFar: boolean): number => (isFar ? 10 : 1);
const region = 'in a scan: enlarge the region whose mean pattern is shown; with Shift reduce it';
const results = 'in a scan: sum, centre of mass, divergence, curl, integrated centre of mass';

/** Keys of a scan. */
const scanKeys = (
  [
    ...directions.map(([key, , x, y]): KeyAction => {
      const move = (isFar: boolean): unknown => scan.move(by(isFar) * x, by(isFar) * y);
      return [key, 'in a scan: move the virtual detector; with Shift by ten', move];
    }),
    ...directions.map(([, key, x, y]): KeyAction => {
      const move = (isFar: boolean): unknown => scan.step(by(isFar) * x, by(isFar) * y);
      return [key, 'in a scan: move the cross; with Shift by ten', move];
    }),
    ['g', region, (isFar) => scan.grow(isFar ? -1 : 1)],
    ['e', 'in a scan: mean of all patterns', () => scan.average(undefined)],
    ['q', results, () => scan.compute({ quantity: nextOf(quantityNames.filter(isOfDetector), scan.quantity) })],
    [
      'f',
      'in a scan: Fourier transform of the image',
      () => isOfDetector(scan.quantity) && scan.compute({ fourier: !scan.fourier }),
    ],
  ] satisfies KeyAction[]
).map(([key, about, act]): KeyAction => [key, about, act, isScan]);

const steps = 'previous and next frame; with Shift by ten';
const stages = 'what the peak search saw: background, noise, limit, signal to noise, strong pixels';
const search = (isFar: boolean): unknown => withTypedCell(() => (isFar ? searchAll() : viewer.index()));
const overview = (): HTMLElement | null => document.getElementById('overview');

/** Keys that step through frames and search them, which apply where single frames are shown, each where its pane is. */
const frameKeys = (
  [
    ['ArrowLeft', steps, (isFar) => step(-by(isFar))],
    ['ArrowRight', steps, (isFar) => step(by(isFar))],
    ['Home', 'first frame', () => goToFrame(0)],
    ['End', 'last frame', () => goToFrame(Number.MAX_SAFE_INTEGER)],
    [' ', 'play', () => play()],
    ['f', 'follow a run: show its newest frame', () => follow(), isLive],
    ['o', 'overview of a run, or the picture of a frame', () => overview()?.click(), () => overview() !== null],
    ['h', 'hits only', () => toggleFilter('hits')],
    ['u', 'unindexed hits only', () => toggleFilter('unindexed')],
    ['p', 'peaks', () => viewer.toggle('peaks')],
    ['i', 'predicted reflections', () => viewer.toggle('reflections')],
    ['r', 'resolution rings', () => viewer.toggle('rings')],
    ['n', 'panels and their names', () => viewer.toggle('panels')],
    ['t', stages, () => viewer.setStage(nextOf(shownStages, viewer.stage))],
    ['x', 'index this frame; with Shift search all frames', search],
  ] satisfies KeyAction[]
).map(([key, about, act, when]): KeyAction => [key, about, act, () => !isScan() && (when?.() ?? true)]);

const zooms = 'zoom in and out; the wheel does it, too';
const moves = 'move to the left, up, down and to the right, as on a number pad';

const viewKeys: readonly KeyAction[] = [
  ['+', zooms, () => pane.zoom(1.25)],
  ['=', zooms, () => pane.zoom(1.25)],
  ['-', zooms, () => pane.zoom(0.8)],
  ['4', moves, () => pane.pan(1 / 8, 0)],
  ['8', moves, () => pane.pan(0, 1 / 8)],
  ['2', moves, () => pane.pan(0, -1 / 8)],
  ['6', moves, () => pane.pan(-1 / 8, 0)],
  ['0', 'show the whole detector; a double click does it, too', () => pane.fit()],
  ['1', 'one pixel of the detector on one of the screen', () => pane.oneToOne()],
  ['a', 'automatic contrast', () => viewer.auto()],
  ['k', 'lock the contrast', () => viewer.lock(!viewer.locked)],
  ['l', 'next scale', () => viewer.scale(nextOf(scales, pane.picture.scale))],
  ['c', 'next colours', () => viewer.colour(nextOf(colourMapNames, viewer.colours))],
  ['m', 'mask', () => viewer.toggle('mask')],
  ['v', 'values of pixels, when they are large enough', () => viewer.toggle('values')],
  ['s', 'save the picture as PNG', () => byId('png').click()],
  ['y', 'copy the address of this view', () => byId('link').click()],
  ['?', 'this list', () => byId<HTMLDialogElement>('keys').showModal()],
];

/** Binds the keys; they are listed in the order of their use, and those of a scan are tried first. */
export const bindPageKeys = (): void =>
  bindKeys([...scanKeys, ...frameKeys, ...viewKeys], [...frameKeys, ...viewKeys, ...scanKeys]);
