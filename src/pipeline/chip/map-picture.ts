/** Maps of chips as pictures: their colours, the range that is drawn, PNG files, and a section of a report. */
import { counted } from '../../util/amounts.js';
import { mapInto } from '../../util/map-into.js';
import { putText, textWidth } from '../../util/picture-text.js';
import { htmlText } from '../../util/plain-text.js';
import { dataUrl, png, withPngText } from '../../util/png.js';
import type { ChipMap, WellValues } from './chip-map.js';
import type { MapQuantity } from './quantities.js';

/** Colours of values from the least to the greatest: stops of a scale that rises in lightness. */
const stops = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
] as const;

/** Number of colours of values; the palette then has those of wells without a value. */
export const mapColours = 252;
/** Wells of which no image has come, whose images are no hits, and whose images could not be read. */
export const wellStates = { empty: 252, none: 253, unreadable: 254 } as const;
/** The colour of the legend's text. */
const ink = 255;

/** The colour of a share 0 … 1 of the range. */
export function mapColour(share: number): readonly [number, number, number] {
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const channel = (k: number): number => {
    const [a, b] = [stops[i]?.[k] ?? 0, stops[i + 1]?.[k] ?? 0];
    return Math.round(a + (at - i) * (b - a));
  };
  return [channel(0), channel(1), channel(2)];
}

/** The palette of a map: its colours, and those of wells without a value. */
function palette(): Uint8Array {
  const all = Array.from({ length: mapColours }, (_, i) => mapColour(i / (mapColours - 1)));
  return Uint8Array.from([...all, [255, 255, 255], [214, 217, 222], [179, 22, 43], [0, 0, 0]].flat());
}

/** The range of a map that is drawn, from its first to its last colour. */
export interface MapRange {
  readonly from: number;
  readonly to: number;
}

/** Whether less is better, so that it is drawn brighter. */
export const isFalling = (quantity: MapQuantity): boolean => quantity === 'resolution';

/** Whether a map counts images, from 0 on, so that a well without any is drawn like one that is no hit. */
const isCount = (quantity: MapQuantity): boolean => quantity === 'hits' || quantity === 'indexed';

/** Most values from which a range is taken. */
const maxSampled = 20_000;

/** The range of most of the values: without the outermost two in a hundred, and from 0 for counts. */
export function rangeOfMap(quantity: MapQuantity, values: ArrayLike<number>): MapRange {
  const step = Math.max(1, Math.ceil(values.length / maxSampled));
  const some: number[] = [];
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    if (value > most) most = value;
    if (i % step === 0) some.push(value);
  }
  if (isCount(quantity)) return { from: 0, to: Math.max(1, most) };
  const sorted = Float64Array.from(some).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  const [low, high] = [at(0.02), at(0.98)];
  if (Number.isNaN(low)) return { from: 0, to: 1 };
  const wide = high > low ? high : low + Math.max(1e-6, Math.abs(low) / 100);
  if (isFalling(quantity)) return { from: wide, to: low };
  return { from: quantity === 'spots' ? 0 : low, to: wide };
}

/** The share of the range at which a value is; resolutions are compared as 1/d. */
export function shareOf(quantity: MapQuantity, { from, to }: MapRange, value: number): number {
  const of = isFalling(quantity) ? (x: number): number => 1 / x : Number;
  return (of(value) - of(from)) / (of(to) - of(from));
}

/** What a well looks like: the number of its colour, or a state of `wellStates`. */
export function wellColour(quantity: MapQuantity, range: MapRange, value: number): number {
  if (Number.isNaN(value) || (isCount(quantity) && value === 0)) return wellStates.none;
  const share = shareOf(quantity, range, value);
  return Math.max(0, Math.min(mapColours - 1, Math.round(share * (mapColours - 1))));
}

/** Numbers of colours of all wells of a map. */
function coloursOf(map: ChipMap, quantity: MapQuantity, { values }: WellValues, range: MapRange): Uint8Array {
  return mapInto(new Uint8Array(values.length), values, (value, i) => {
    const state = map.stateOf(i);
    return state === 'known' ? wellColour(quantity, range, value) : wellStates[state];
  });
}

/** Side of a well in a picture, in pixels: a picture is some 800 pixels wide. */
const sideOf = (rows: number, columns: number): number => Math.max(1, Math.floor(800 / Math.max(rows, columns)));

/** A map of one quantity, drawn: the bytes of a PNG file, and the range of its colours. */
export interface DrawnMap {
  readonly png: Uint8Array;
  readonly range: MapRange;
}

/** Colours of a picture by their numbers in the palette, row by row. */
interface Coloured {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws a map; each well is a square. Its texts state the program, the quantity and the range of its colours;
 * `hasLegend`: its pixels do so as well, and what the colours without a value mean.
 */
export async function drawnMap(
  map: ChipMap,
  quantity: MapQuantity,
  software: string,
  hasLegend = false,
): Promise<DrawnMap> {
  const wellValues = map.values(quantity);
  const { rows, columns } = wellValues;
  const range = rangeOfMap(quantity, wellValues.values);
  const colours = coloursOf(map, quantity, wellValues, range);
  const side = sideOf(rows, columns);
  const pixels = new Uint8Array(rows * columns * side * side);
  for (let row = 0; row < rows; row++) {
    const line = row * side * columns * side;
    for (let column = 0; column < columns; column++)
      pixels.fill(colours[row * columns + column] as number, line + column * side, line + (column + 1) * side);
    for (let y = 1; y < side; y++) pixels.copyWithin(line + y * columns * side, line, line + columns * side);
  }
  const plain = { pixels, width: columns * side, height: rows * side };
  const drawn = hasLegend ? withLegend(plain, quantityText(quantity), range) : plain;
  const file = await png(drawn.pixels, drawn.width, drawn.height, palette());
  const said = withPngText(file, 'Description', `${quantity}, colours from ${range.from} to ${range.to}`);
  return { png: withPngText(said, 'Software', software), range };
}

const [gap, barWidth, lineHeight] = [12, 24, 24];
/** What the colours without a value mean. */
const states = [
  ['no image', wellStates.empty],
  ['no hit or value', wellStates.none],
  ['unreadable', wellStates.unreadable],
] as const;

/** A picture with the bar of its colours to the right, and below it what they are of. */
function withLegend(of: Coloured, title: string, { from, to }: MapRange): Coloured {
  const swatch = barWidth + 6;
  const widthOfStates = states.reduce((sum, [name]) => sum + swatch + textWidth(name) + gap, 0);
  const width = Math.max(of.width + gap + swatch + textWidth('-0.0e+00'), widthOfStates, textWidth(title)) + gap;
  const barHeight = Math.max(of.height, 3 * lineHeight);
  const height = barHeight + 2 * lineHeight + gap;
  const pixels = new Uint8Array(width * height).fill(wellStates.empty);
  const fill = (x: number, y: number, across: number, colour: number): void => {
    pixels.fill(colour, y * width + x, y * width + x + across);
  };
  const write = (x: number, y: number, text: string): void =>
    putText(x, y, text, (u, v) => {
      if (u < width && v < height) pixels[v * width + u] = ink;
    });
  for (let y = 0; y < of.height; y++) pixels.set(of.pixels.subarray(y * of.width, (y + 1) * of.width), y * width);
  const left = of.width + gap;
  for (let y = 0; y < barHeight; y++) fill(left, y, barWidth, Math.round((1 - y / (barHeight - 1)) * (mapColours - 1)));
  write(left + swatch, 2, mapNumber(to));
  write(left + swatch, barHeight - 18, mapNumber(from));
  write(0, barHeight + gap, title);
  let x = 0;
  for (const [name, colour] of states) {
    const top = barHeight + gap + lineHeight;
    // A frame, in which white is seen as well.
    for (let y = 0; y < 15; y++) fill(x, top + y, barWidth, y === 0 || y === 14 ? ink : colour);
    for (let y = 0; y < 15; y++) for (const edge of [x, x + barWidth - 1]) fill(edge, top + y, 1, ink);
    write(x + swatch, top, name);
    x += swatch + textWidth(name) + gap;
  }
  return { pixels, width, height };
}

/** A quantity in words, with its unit. */
export const quantityText = (quantity: MapQuantity): string =>
  ({
    hits: 'hits',
    indexed: 'indexed images',
    spots: 'spots',
    resolution: 'resolution of hits, Å',
    background: 'background, counts',
  })[quantity as string] ?? quantity;

/** A number of a legend. */
export const mapNumber = (value: number): string =>
  Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 0.01)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));

/** Quantities that a report shows. */
const reported = ['hits', 'indexed', 'spots', 'resolution', 'background'];

/** The section of a report with the maps of some chips. */
export async function mapSection(maps: readonly ChipMap[], most = 4): Promise<string | undefined> {
  const parts: string[] = [];
  for (const map of maps.slice(-most)) {
    const figures: string[] = [];
    for (const quantity of map.quantities.filter(
      (quantity) => reported.includes(quantity) || quantity.startsWith('roi:'),
    ))
      figures.push(await figureOf(map, quantity));
    const { rows, columns, series, frames, unplaced } = map;
    const of = series === undefined ? '' : `<b>${htmlText(series)}</b> `;
    const left = unplaced > 0 ? `, ${counted(unplaced, 'image')} without a well` : '';
    parts.push(
      `<p class="about">${of}${rows} x ${columns} wells, ${counted(frames, 'image')}${left}; the first row is at the ` +
        `top.</p><div class="grid2">${figures.join('')}</div>`,
    );
  }
  if (parts.length === 0) return undefined;
  const earlier = maps.length > most ? `<p class="about">The last ${most} of ${maps.length} chips.</p>` : '';
  return (
    `<h2>Chip</h2><section>${earlier}${parts.join('')}<p class="about">White: no image has come. Grey: no hit, or no ` +
    'value. Red: unreadable.</p></section>'
  );
}

async function figureOf(map: ChipMap, quantity: MapQuantity): Promise<string> {
  const { png: file, range } = await drawnMap(map, quantity, 'ewald');
  const scale = Array.from({ length: 9 }, (_, i) => `rgb(${mapColour(i / 8).join(' ')})`).join(',');
  const bar = `<i style="display:inline-block;width:6rem;height:.7rem;margin:0 .4rem;background:linear-gradient(90deg,${scale})"></i>`;
  return (
    `<figure><img src="${dataUrl(file)}" alt="" style="width:100%;image-rendering:pixelated;border:1px solid ` +
    `var(--line)"><figcaption><b>${htmlText(quantityText(quantity))}</b><br>${mapNumber(range.from)}${bar}` +
    `${mapNumber(range.to)}</figcaption></figure>`
  );
}
