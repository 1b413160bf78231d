/** The controls of a scan: the shape of its virtual detector, and the pictures in both panes. */
import { byId } from '../by-id.js';
import { engine, pane, redraw, say, scan, viewer } from './app.js';
import { bindSelect, field, onClick, slidersIn, writeSlider } from './elements.js';
import { type KeyAction, nextOf } from './keys.js';
import { drawDetector, drawRegion, drawWheel } from './overlay.js';
import type { LoadedScan, Opened, ScanQuantity, VirtualShape } from './protocol.js';

const radii = slidersIn('virtual');
let scanning = false;
/** Whether the open file is displayed as a scan. */
export const isScan = (): boolean => scanning;

/** The quantities that can be computed from the pixels in the detector, in the order in which the page offers them. */
const quantities: Readonly<Record<ScanQuantity, string>> = {
  sum: 'Sum',
  field: 'Centre of mass, direction',
  magnitude: 'Centre of mass, shift',
  divergence: 'Divergence of the shifts',
  curl: 'Curl of the shifts',
};
export const quantityNames = Object.keys(quantities) as ScanQuantity[];

export function bindScan(): void {
  viewer.onOpened = openScan;
  scan.onChange = redraw;
  scan.onPattern = (data, name, size) => viewer.showPattern(data, name, size);
  engine.onLoaded = (share) => say(`Reading the scan into memory… ${Math.round(100 * share)} %`, false);
  const named = quantityNames.map((name) => [name, quantities[name]] as const);
  bindSelect<ScanQuantity>('quantity', (quantity) => scan.compute({ quantity }), named);
  field('fourier').addEventListener('change', () => void scan.compute({ fourier: field('fourier').checked }));
  onClick('larger', () => scan.grow(1));
  onClick('smaller', () => scan.grow(-1));
  bindSelect<VirtualShape['kind']>('virtual-kind', (kind) => scan.change({ kind }));
  for (const slider of radii)
    slider.addEventListener('input', () => void scan.change({ [slider.name]: Number(slider.value) }));
  onClick('mean', () => scan.moveTo(undefined));
}

/** Shows a file with a two-dimensional scan as a scan: its virtual image next to its patterns. */
async function openScan(opened: Opened): Promise<void> {
  // A raster scan of crystals with a known cell is viewed frame by frame.
  scanning = opened.navigation.length === 2 && !opened.cell;
  showMode();
  if (!scanning) {
    scan.close();
    return;
  }
  for (const slider of radii) slider.max = String(Math.max(opened.width, opened.height) / 2);
  say('Reading the scan into memory…', false);
  try {
    await scan.open(opened);
    say(scan.loaded ? memoryWords(scan.loaded) : '', false);
  } catch (error) {
    // Another file has been opened in the meantime.
    if (viewer.opened !== opened) return;
    scanning = false;
    showMode();
    viewer.fail(error);
  }
}

/** States how a scan that does not fit into memory was reduced. */
function memoryWords({ bin, bytes, fileBytes }: LoadedScan): string {
  if (bin === 1) return '';
  const size = (count: number): string => `${(count / 2 ** 30).toFixed(1)} GiB`;
  return (
    `The scan takes ${size(fileBytes)}, more than this page keeps in memory: ` +
    `${bin} × ${bin} pixels of the detector are summed into one, which takes ${size(bytes)}.`
  );
}

/** Shows the controls of a scan, or those of frames. */
function showMode(): void {
  for (const id of ['scan-pane', 'virtual']) byId(id).hidden = !scanning;
  for (const id of ['finder', 'crystals-of-frame', 'stacks', 'frames', 'list-of-frames', 'overlays-of-frame'])
    byId(id).hidden = scanning;
}

/** Draws the scan, and the virtual detector on the pattern. */
export function drawScan(): void {
  if (!scanning) return;
  scan.pane.picture.background = pane.picture.background;
  scan.pane.draw();
  // A spectrum has no positions.
  drawRegion(scan.pane, scan.fourier ? undefined : scan.region);
  drawWheel(scan.pane, scan.wheel);
  drawDetector(pane, scan.shape, viewer.light);
  for (const slider of radii) {
    const value = scan.shape[slider.name as 'outer' | 'inner'];
    writeSlider(slider, value, `${value.toFixed(1)} px`);
  }
  // Only a ring has an inner radius, and a point has no radius at all.
  const { kind } = scan.shape;
  byId<HTMLSelectElement>('virtual-kind').value = kind;
  for (const slider of radii)
    (slider.closest('label') as HTMLElement).hidden = kind === 'point' || (slider.name === 'inner' && kind !== 'ring');
  byId<HTMLSelectElement>('quantity').value = scan.quantity;
  field('fourier').checked = scan.fourier;
  scan.pane.overlay.ariaLabel = `${quantities[scan.quantity]}${scan.fourier ? ', Fourier transform' : ''} of the scan`;
  byId('scan-title').textContent = `${quantities[scan.quantity]}${scan.fourier ? ', Fourier transform' : ''}`;
  byId<HTMLOutputElement>('virtual-ms').value = `${scan.ms.toFixed(1)} ms`;
}

/** Keys of a scan. */
export const scanKeys: readonly KeyAction[] = [
  ...(
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
      when: isScan,
      act: (far: boolean): void => {
        void scan.move(far ? 10 * dx : dx, far ? 10 * dy : dy);
      },
    },
    {
      keys: [arrow],
      about: 'in a scan: move the cross; with Shift by ten',
      when: isScan,
      act: (far: boolean): void => {
        void scan.step(far ? 10 * dx : dx, far ? 10 * dy : dy);
      },
    },
  ]),
  {
    keys: ['g'],
    about: 'in a scan: enlarge the region whose mean pattern is shown; with Shift reduce it',
    when: isScan,
    act: (far) => void scan.grow(far ? -1 : 1),
  },
  { keys: ['e'], about: 'in a scan: mean of all patterns', when: isScan, act: () => void scan.average(undefined) },
  {
    keys: ['q'],
    about: 'in a scan: sum, centre of mass, divergence, curl',
    when: isScan,
    act: () => void scan.compute({ quantity: nextOf(quantityNames, scan.quantity) }),
  },
  {
    keys: ['f'],
    about: 'in a scan: Fourier transform of the image',
    when: isScan,
    act: () => void scan.compute({ fourier: !scan.fourier }),
  },
];
