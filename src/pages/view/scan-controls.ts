/** The controls of a scan: the shape of its virtual detector, and the picture of both panes. */
import { pane, redraw, say, scan, viewer } from './app.js';
import { byId, onClick, slidersIn, writeSlider } from './elements.js';
import type { KeyAction } from './keys.js';
import { drawCross, drawDetector } from './overlay.js';
import type { Opened, VirtualShape } from './protocol.js';

const radii = slidersIn('virtual');
/** Whether the open file is displayed as a scan. */
let scanning = false;

export function bindScan(): void {
  viewer.onOpened = openScan;
  scan.onChange = redraw;
  scan.onPattern = (data, name) => viewer.showPattern(data, name);
  byId<HTMLSelectElement>('virtual-kind').addEventListener(
    'change',
    ({ target }) => void scan.change({ kind: (target as HTMLSelectElement).value as VirtualShape['kind'] }),
  );
  for (const slider of radii)
    slider.addEventListener('input', () => void scan.change({ [slider.name]: Number(slider.value) }));
  onClick('mean', () => scan.moveTo(undefined));
}

/** Shows a file with a two-dimensional scan as a scan: its virtual image next to its patterns. */
async function openScan(opened: Opened): Promise<void> {
  // A raster scan of crystals with a known cell is viewed frame by frame.
  scanning = opened.navigation.length === 2 && !opened.cell;
  showMode();
  if (!scanning) return;
  for (const slider of radii) slider.max = String(Math.max(opened.width, opened.height) / 2);
  say('Reading the scan into memory…', false);
  try {
    await scan.open(opened);
    pane.fit();
    say('', false);
  } catch (error) {
    scanning = false;
    showMode();
    viewer.fail(error);
  }
}

/** Shows the controls of a scan, or those of frames. */
function showMode(): void {
  for (const id of ['scan-pane', 'virtual']) byId(id).hidden = !scanning;
  for (const id of ['finder', 'crystals-of-frame', 'stacks', 'chart']) byId(id).hidden = scanning;
}

/** Draws the scan, and the virtual detector on the pattern. */
export function drawScan(): void {
  if (!scanning) return;
  scan.pane.picture.background = pane.picture.background;
  scan.pane.draw();
  drawCross(scan.pane, scan.cross);
  drawDetector(pane, scan.shape, viewer.light);
  for (const slider of radii) {
    const value = scan.shape[slider.name as 'outer' | 'inner'];
    writeSlider(slider, value, value.toFixed(1));
  }
  byId<HTMLOutputElement>('virtual-ms').value = `${scan.ms.toFixed(1)} ms`;
}

/** Keys that move the virtual detector, or the cross on the scan while the scan has the focus. */
export const scanKeys: readonly KeyAction[] = (
  [
    ['w', 'ArrowUp', 0, -1],
    ['a', 'ArrowLeft', -1, 0],
    ['s', 'ArrowDown', 0, 1],
    ['d', 'ArrowRight', 1, 0],
  ] as const
).flatMap(([letter, arrow, dx, dy]) => [
  {
    keys: [letter],
    about: 'in a scan: move the virtual detector; with Shift by ten',
    when: () => scanning,
    act: (far: boolean): void => {
      void scan.move(far ? 10 * dx : dx, far ? 10 * dy : dy);
    },
  },
  {
    keys: [arrow],
    about: 'on the focused scan: move the cross; with Shift by ten',
    when: () => scanning && document.activeElement === scan.pane.overlay,
    act: (far: boolean): void => {
      void scan.step(far ? 10 * dx : dx, far ? 10 * dy : dy);
    },
  },
]);
