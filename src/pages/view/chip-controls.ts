/** The pane of a chip: what was found in each well of a run in progress, and the frame of a well that is clicked. */
import {
  ChipMap,
  drawnMap,
  type FrameStatistics,
  type MapQuantity,
  mapColour,
  mapNumber,
  quantityText,
  readStatistics,
} from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { viewer } from './app.js';
import { ChipCanvas, type Well } from './chip-canvas.js';
import { chipStyle } from './chip-style.js';
import { addStyle, createButton, createElement } from './elements.js';
import type { ChipFacts, RunFacts } from './live-feed.js';
import { saveNpy } from './npy-file.js';
import { isOverview } from './overview-shown.js';
import { save } from './save.js';

/** Chips whose maps are kept; that of a run of many hundreds would not fit into memory. */
const maxChips = 8;
/** Time between two looks at the frame that is shown, ms. */
const shownMs = 200;

/** A chip with the newest frame of each well. */
interface Chip {
  readonly map: ChipMap;
  /** Number of the frame and of the image of each well; −1 without one. */
  readonly frames: Int32Array;
  readonly images: Float64Array;
}

const chips = new Map<number, Chip>();
/** The well of each frame of the run, and the chip in which it is. */
const wells = new Map<number, { readonly chip: number; readonly well: number }>();
/** Frames that the page has to search, and that have been added to the map. */
const searched = new Set<number>();
let names: readonly string[] = [];
let regions: readonly string[] = [];
/** Whether nothing searches the frames. */
let isUnsearched = false;
/** Of wells that follow from positions: how often they were determined, and frames that came while they were read. */
let revision = 0;
let reading = false;
const waiting: (readonly [frame: FrameStatistics, index: number])[] = [];
/** The chip that is shown, the newest one unless another was chosen. */
let shown = -1;
let isChosen = false;
let quantity: MapQuantity = 'hits';
/** The well to which the arrow keys have moved. */
let cursor: Well | undefined;

/** Ends following of the newest frame. */
let unfollow: () => void = () => undefined;
export const bindChip = (end: () => void): void => {
  unfollow = end;
};

addStyle(chipStyle);
const pane = paneOf();
const view = new ChipCanvas(pane.canvas);
view.onRange = writeLegend;
view.onDrawn = mark;
setInterval(mark, shownMs);

/** Takes frames of a run over a chip. */
export function addFrames(
  { chip: facts, regions: ofRun = [], searches }: RunFacts,
  frames: readonly FrameStatistics[],
  first: number,
): void {
  if (!facts) return;
  names = facts.names;
  isUnsearched = !searches;
  regions = ofRun;
  if ((facts.revision ?? 0) !== revision) {
    revision = facts.revision ?? 0;
    again(facts).catch(viewer.fail);
  }
  if (reading) {
    waiting.push(...frames.map((frame, i) => [frame, first + i] as const));
    return;
  }
  for (const [i, frame] of frames.entries()) addFrame(facts, frame, first + i);
  offer();
}

/** The wells of all frames have changed: their statistics are read anew. */
async function again(facts: ChipFacts): Promise<void> {
  reading = true;
  try {
    const answer = await fetch('live/statistics');
    const all = readStatistics(new Uint8Array(await answer.arrayBuffer()), regions.length);
    // Changed again meanwhile: the next report begins anew.
    if (answer.headers.get('X-Revision') !== String(facts.revision)) revision = -1;
    chips.clear();
    wells.clear();
    shown = -1;
    for (const [i, frame] of all.entries()) addFrame(facts, frame, i);
    for (const [frame, index] of waiting) if (index >= all.length) addFrame(facts, frame, index);
  } finally {
    waiting.length = 0;
    reading = false;
  }
  offer();
}

function addFrame({ rows, columns }: ChipFacts, frame: FrameStatistics, index: number): void {
  const { well, chip: number = 0, image = -1 } = frame;
  if (well === undefined || well >= rows * columns) return;
  const chip = chips.get(number) ?? begun(number, rows, columns);
  const [row, column] = [Math.floor(well / columns), well % columns];
  if (frame.failed) chip.map.add(row, column, undefined);
  else if (!frame.searched) chip.map.arrive(row, column);
  else chip.map.add(row, column, foundIn(frame));
  chip.frames[well] = index;
  chip.images[well] = image;
  wells.set(index, { chip: number, well });
  if (number === shown) view.touch(well);
}

const foundIn = ({ hit, peaks, crystals, peakResolutionA, background, regions: means }: FrameStatistics) => ({
  hit,
  spots: peaks,
  crystals,
  resolutionA: peakResolutionA,
  ...(background === undefined ? {} : { background }),
  ...(means && { more: Object.fromEntries(regions.map((name, i) => [`roi:${name}.mean`, means[i] ?? Number.NaN])) }),
});

/** The map of a chip that begins. */
function begun(number: number, rows: number, columns: number): Chip {
  const n = rows * columns;
  const chip = {
    map: new ChipMap(rows, columns),
    frames: new Int32Array(n).fill(-1),
    images: new Float64Array(n).fill(-1),
  };
  chips.set(number, chip);
  const [oldest] = chips.keys();
  if (chips.size > maxChips && oldest !== undefined) chips.delete(oldest);
  if (!isChosen || !chips.has(shown)) choose(number);
  return chip;
}

function choose(number: number): void {
  shown = number;
  cursor = undefined;
  const chip = chips.get(number);
  if (chip) view.show(chip.map, quantity);
  writeLegend();
}

/** Offers the chips and the quantities that there are. */
function offer(): void {
  const keys = [...chips.keys()];
  const texts = keys.map((key) => names[key]?.replace(/^.*[\\/]/, '') || `chip ${key + 1}`);
  if (pane.chip.options.length !== keys.length || texts.some((text, i) => pane.chip.options[i]?.text !== text))
    pane.chip.replaceChildren(...keys.map((key, i) => new Option(texts[i], String(key))));
  pane.chip.hidden = keys.length < 2;
  pane.chip.value = String(shown);
  const { quantities = [] } = chips.get(shown)?.map ?? {};
  if (pane.quantity.options.length !== quantities.length)
    pane.quantity.replaceChildren(...quantities.map((quantity) => new Option(quantityText(quantity), quantity)));
  pane.quantity.value = quantity;
}

/** The figure of the pane, beside the picture of the frame, and the button that shows and hides it. */
function paneOf() {
  const ofQuantity = createElement('select', { name: 'quantity', ariaLabel: 'Quantity of the chip map' });
  const ofChip = createElement('select', { name: 'chip', ariaLabel: 'Chip' });
  ofQuantity.onchange = () => {
    quantity = ofQuantity.value;
    choose(shown);
  };
  ofChip.onchange = () => {
    isChosen = ofChip.selectedIndex < ofChip.options.length - 1;
    choose(Number(ofChip.value));
  };
  const canvas = createElement('canvas', {
    tabIndex: 0,
    role: 'img',
    ariaLabel: 'Chip map; arrow keys choose a well, Enter shows its frame',
  });
  bindCanvas(canvas);
  const [mark, point] = [createElement('i'), createElement('i')];
  const legend = createElement('div', { className: 'chip-legend' });
  const reading = createElement('p', { className: 'chip-reading' });
  const closing = 'Close the chip map';
  const figure = createElement(
    'figure',
    { id: 'chip-pane' },
    createElement(
      'div',
      { className: 'chip-bar' },
      ofQuantity,
      ofChip,
      createButton('.npy', { title: 'Save the numbers of the map', onclick: saveNumbers }),
      createButton('PNG', { title: 'Save the map', onclick: () => void savePicture().catch(viewer.fail) }),
      createButton('×', { title: closing, ariaLabel: closing, onclick: () => toggle(false) }),
    ),
    createElement('div', { className: 'chip-stage' }, canvas, mark, point),
    legend,
    reading,
  );
  byId('pane').before(figure);
  const title = 'Show the map of the chip';
  const opens = createButton('Chip', { id: 'chip', title, ariaPressed: 'true', onclick: () => toggle() });
  byId('follow').after(opens);
  return { figure, quantity: ofQuantity, chip: ofChip, canvas, mark, point, legend, reading, opens };
}

function toggle(on = pane.figure.hidden): void {
  pane.figure.hidden = !on;
  pane.opens.ariaPressed = String(on);
  view.redraw();
}

function bindCanvas(canvas: HTMLCanvasElement): void {
  canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => write(view.at(offsetX, offsetY)));
  canvas.addEventListener('pointerleave', () => write(cursor));
  canvas.addEventListener('click', ({ offsetX, offsetY }) => {
    const well = view.at(offsetX, offsetY);
    cursor = well;
    if (well) show(well);
  });
  canvas.addEventListener('keydown', (event) => {
    const { rows = 1, columns = 1 } = chips.get(shown)?.map ?? {};
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (event.key === 'Enter' && cursor) show(cursor);
    if (!move) return;
    // Elsewhere the arrow keys step through frames.
    event.preventDefault();
    event.stopPropagation();
    const { row, column } = cursor ?? wellShown() ?? { row: 0, column: 0 };
    const within = (at: number, count: number): number => Math.max(0, Math.min(count - 1, at));
    cursor = { row: within(row + move[0], rows), column: within(column + move[1], columns) };
    write(cursor);
    mark();
  });
}

/** Shows the newest frame of a well. */
function show({ row, column }: Well): void {
  const chip = chips.get(shown);
  const frame = chip?.frames[row * chip.map.columns + column] ?? -1;
  if (frame < 0 || !viewer.isLive) return;
  unfollow();
  viewer.go(frame).then(mark).catch(viewer.fail);
}

/** The well of the frame that is shown, if it is on this chip. */
function wellShown(): Well | undefined {
  const at = viewer.isLive && !isOverview() ? wells.get(viewer.frame) : undefined;
  const { columns = 1 } = chips.get(shown)?.map ?? {};
  return at?.chip === shown ? { row: Math.floor(at.well / columns), column: at.well % columns } : undefined;
}

/** Marks the well of the frame that is shown, and takes what the page has found in it. */
function mark(): void {
  takeSearched();
  for (const [box, well] of [
    [pane.mark, wellShown()],
    [pane.point, cursor],
  ] as const) {
    box.hidden = !well;
    if (!well) continue;
    const { x, y, side } = view.boxOf(well);
    // A small well is framed from outside.
    const more = Math.max(2, (9 - side) / 2);
    const px = (value: number): string => `${value.toFixed(1)}px`;
    Object.assign(box.style, {
      left: px(x - more),
      top: px(y - more),
      width: px(side + 2 * more),
      height: px(side + 2 * more),
    });
  }
}

/** Frames that arrive without a run are searched by the page when it shows them. */
function takeSearched(): void {
  const summary = viewer.isLive ? viewer.summaries[viewer.frame] : undefined;
  const at = wells.get(viewer.frame);
  const chip = at && chips.get(at.chip);
  if (!summary || !chip || searched.has(viewer.frame) || chip.frames[at.well] !== viewer.frame) return;
  searched.add(viewer.frame);
  const { hit, peaks, crystals, resolutionA } = summary;
  const { columns } = chip.map;
  chip.map.search(Math.floor(at.well / columns), at.well % columns, { hit, spots: peaks, crystals, resolutionA });
  if (at.chip === shown) view.touch(at.well);
}

/** What is known of a well. */
function write(well: Well | undefined): void {
  const chip = chips.get(shown);
  if (!well || !chip) {
    pane.reading.textContent = '';
    return;
  }
  const { map, frames, images } = chip;
  const i = well.row * map.columns + well.column;
  const [image = -1, frame = -1] = [images[i], frames[i]];
  const spots = map.value('spots', i);
  const reached = map.value('resolution', i);
  const background = map.value('background', i);
  pane.reading.textContent = [
    `row ${well.row}, column ${well.column}`,
    ...(frame < 0 ? ['no image has come'] : []),
    ...(image >= 0 ? [`image ${image}`] : []),
    ...(map.stateOf(i) === 'unreadable' ? ['unreadable'] : []),
    ...(Number.isNaN(spots) ? [] : [`${mapNumber(spots)} spots`]),
    ...(map.value('indexed', i) > 0 ? ['indexed'] : []),
    ...(Number.isNaN(reached) ? [] : [`to ${reached.toFixed(2)} Å`]),
    ...(Number.isNaN(background) ? [] : [`background ${mapNumber(background)}`]),
    ...regions.flatMap((name) => {
      const mean = map.value(`roi:${name}.mean`, i);
      return Number.isNaN(mean) ? [] : [`${name} ${mapNumber(mean)}`];
    }),
  ].join(' · ');
}

/** The range of the colours, and what wells without a value look like. */
function writeLegend(): void {
  const { from, to } = view.range;
  const stops = Array.from({ length: 9 }, (_, i) => `rgb(${mapColour(i / 8).join(' ')})`);
  const background = `linear-gradient(90deg, ${stops.join(',')})`;
  const scale = createElement('b', { className: 'scale', style: { background } });
  const isCount = quantity === 'hits' || quantity === 'indexed';
  const swatch = (ink: string, text: string): HTMLElement =>
    createElement('span', createElement('b', { style: { background: ink } }), text);
  pane.legend.replaceChildren(
    createElement('span', mapNumber(from), scale, mapNumber(to)),
    swatch('light-dark(#cdd1d7, #3d434c)', isUnsearched ? 'not searched' : isCount ? 'none' : 'no value'),
    swatch('var(--paper)', 'no image'),
    swatch('var(--wrong)', 'unreadable'),
  );
}

const nameOf = (): string => `chip${names.length > 1 ? `-${shown + 1}` : ''}-${quantity.replace(/\W+/g, '-')}`;

function saveNumbers(): void {
  const { rows, columns, values } = chips.get(shown)?.map.values(quantity) ?? {};
  if (values) saveNpy(`${nameOf()}.npy`, '<f4', [rows ?? 0, columns ?? 0], values);
}

async function savePicture(): Promise<void> {
  const chip = chips.get(shown);
  if (!chip) return;
  const { png } = await drawnMap(chip.map, quantity, 'ewald chip map', true);
  save(`${nameOf()}.png`, new Blob([png as BlobPart], { type: 'image/png' }));
}

/** Accessible to tests and in the browser's console. */
Object.assign(globalThis, {
  chipState: () => ({
    shown,
    quantity,
    range: view.range,
    ...view.counts,
    frames: chips.get(shown)?.map.frames,
    mark: wellShown(),
  }),
  chipValues: () => Array.from(chips.get(shown)?.map.values(quantity).values ?? []),
});
