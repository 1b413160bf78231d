/**
 * Numbers as one HTML file that opens without a server: the numbers themselves, compressed, and a script that draws them
 * (src/pages/results). It asks for no address, so that it can be sent by mail and opened from a disk.
 */
import { bytesOfArray } from '../bytes/dtype.js';
import { htmlText } from '../util/plain-text.js';
import { base64, deflate } from '../util/png.js';
import { version } from '../util/version.js';
import { cardStyle, pageStyle } from './numbers-style.js';

/** An axis of a result: its name, how many numbers it has, and where each is, if a step is known. */
export interface StoredAxis {
  readonly name: string;
  readonly length: number;
  readonly first?: number;
  readonly step?: number;
  readonly unit?: string;
}

/** Marks on the picture of a result, in its pixels from the upper left corner, which a reader can hide. */
export interface StoredMarks {
  readonly name: string;
  readonly shape: 'circle' | 'square' | 'ring';
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Radius, or half of the side; of rings, of each. */
  readonly size: number | readonly number[];
  /** What each is, such as the indices of a reflection. */
  readonly texts?: readonly string[];
}

/** What a page has of a result; its script reads it. */
export interface StoredResult {
  readonly name: string;
  /** Axes, slowest first; without that of the two components of complex numbers and vectors. */
  readonly axes: readonly StoredAxis[];
  /** Type of the stored numbers, as NumPy writes it; of complex numbers, that of each component. */
  readonly type: string;
  /** What the two numbers of each element are: (real, imaginary), or (y, x). */
  readonly pairs?: 'complex' | 'vectors';
  readonly unit?: string;
  readonly desc?: string;
  readonly log?: boolean;
  /** How many of the first axes are those of the scan, if some are. */
  readonly scanAxes?: number;
  /** The numbers in C order, in the format of zlib and base64; absent if they are not in the page. */
  readonly numbers?: string;
  /** What is marked on the picture. */
  readonly marks?: readonly StoredMarks[];
  /** What differs from the result: rounded, or why it is not in the page. */
  readonly remark?: string;
}

/** What is written into the page for its script; `About` is what the numbers are of. */
export interface StoredPage<About> {
  readonly about: About;
  readonly command?: string;
  readonly creator: string;
  readonly date: string;
  readonly notes: readonly string[];
  readonly results: readonly StoredResult[];
}

/** A result that a page is to show: in C order, of complex numbers and vectors both components. */
export interface ShownNumbers extends Omit<StoredResult, 'numbers' | 'remark'> {
  readonly data: ArrayBufferView;
}

/** What a page is made of. */
export interface NumbersPageSource<About> {
  readonly title: string;
  readonly results: readonly ShownNumbers[];
  readonly about: About;
  /** Warnings and remarks with which the results are to be read. */
  readonly notes: readonly string[];
  /** The command that made them. */
  readonly command?: string | undefined;
  /** Largest size of the file, bytes. */
  readonly maxBytes: number;
  /** The script of the page: results-page.js of the package. */
  readonly script: string;
}

/** Numbers never shrink by more, so results that are larger need not be compressed to see that they do not fit. */
const mostRatio = 200;

/** The texts of the numbers of a result: as they are, and rounded to 4 bytes each. */
interface Candidate {
  readonly exact: string | undefined;
  /** Undefined where they are not numbers of 8 bytes, or lie beyond the range of 4, where they would be infinite. */
  readonly rounded: () => Promise<string | undefined>;
}

/** The page, and what it lacks in words. Numbers of 8 bytes are rounded to 4 where the page would be too large. */
export async function numbersPage<About>(
  source: NumbersPageSource<About>,
): Promise<{ html: string; lacks: readonly string[] }> {
  const { results, maxBytes, notes } = source;
  const empty = results.map((result) => storedOf(result, {}, maxBytes));
  const room = maxBytes - pageOf(source, empty).length - 200 * (results.length + notes.length);
  const { stored, lacks } = await storedWithin(results, room, maxBytes);
  return { html: pageOf(source, stored), lacks };
}

/** Results as a page of at most `maxBytes` has them, which leaves them `room`, and what they lack in words. */
export async function storedWithin(
  results: readonly ShownNumbers[],
  room: number,
  maxBytes: number,
): Promise<{ stored: readonly StoredResult[]; lacks: readonly string[] }> {
  const candidates: Candidate[] = [];
  for (const { data } of results) {
    const isHopeless = data.byteLength > mostRatio * Math.max(room, 0);
    candidates.push({
      exact: isHopeless ? undefined : base64(await deflate(bytesOfArray(data))),
      rounded: async () => (isHopeless ? undefined : roundedText(data)),
    });
  }
  const texts = await textsWithin(candidates, room);
  const stored = results.map((result, i) => storedOf(result, texts[i] ?? {}, maxBytes));
  return { stored, lacks: stored.flatMap(({ name, remark }) => (remark === undefined ? [] : [`${name}: ${remark}`])) };
}

/** The numbers of a result as the page has them. */
interface StoredText {
  readonly text?: string | undefined;
  readonly isRounded?: boolean;
}

async function roundedText(data: ArrayBufferView): Promise<string | undefined> {
  if (!(data instanceof Float64Array)) return undefined;
  const rounded = Float32Array.from(data);
  if (data.some((value, k) => Number.isFinite(value) && !Number.isFinite(rounded[k]))) return undefined;
  return base64(await deflate(bytesOfArray(rounded)));
}

/** As many results as there is room for, the smallest first, and of these as many as they are. */
async function textsWithin(candidates: readonly Candidate[], room: number): Promise<readonly StoredText[]> {
  const all = candidates.map(({ exact }): StoredText => ({ text: exact }));
  const length = ({ text = '' }: StoredText): number => text.length;
  const sum = (some: readonly StoredText[]): number =>
    some.reduce((total, storedText) => total + length(storedText), 0);
  if (sum(all) <= room) return all;
  const least: StoredText[] = [];
  for (const { exact, rounded } of candidates) {
    const text = await rounded();
    least.push(text === undefined ? { text: exact } : { text, isRounded: true });
  }
  const bySize = [...least.keys()].sort((a, b) => length(least[a] as StoredText) - length(least[b] as StoredText));
  const found: StoredText[] = candidates.map(() => ({}));
  for (const choice of [least, all])
    for (const i of bySize) {
      const [now, then] = [found[i] as StoredText, choice[i] as StoredText];
      if (now.text === undefined && choice === all) continue;
      if (sum(found) - length(now) + length(then) <= room) found[i] = then;
    }
  return found;
}

function storedOf(
  { data: _, ...result }: ShownNumbers,
  { text, isRounded }: StoredText,
  maxBytes: number,
): StoredResult {
  const remark =
    text === undefined
      ? `not in the page, which would be larger than ${megabytes(maxBytes)} MB`
      : isRounded
        ? 'rounded to 7 digits, since the page would be too large'
        : undefined;
  return {
    ...result,
    ...(isRounded && { type: '<f4' }),
    ...(text !== undefined && { numbers: text }),
    ...(remark !== undefined && { remark }),
  };
}

const megabytes = (bytes: number): string => String(Number((bytes / 1e6).toPrecision(3)));

/** JSON that cannot end the element that it is in. */
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/** Nothing is loaded and nothing is sent, whatever the names of results and files are. */
export const offlinePolicy =
  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; " +
  "style-src 'unsafe-inline'; img-src data: blob:\">";

/** What a page is drawn from, and the script that draws it. */
export const drawnBy = (page: StoredPage<unknown>, script: string): string =>
  `<script type="application/json" id="stored">${inScript(page)}</script>\n` +
  `<script type="module">${script.replace(/<\/(?=script)/gi, '<\\/')}</script>`;

/** What is written into a page. */
export function storedPage<About>(
  { about, notes, command }: Pick<NumbersPageSource<About>, 'about' | 'notes' | 'command'>,
  results: readonly StoredResult[],
): StoredPage<About> {
  const creator = `ewald ${version}`;
  return {
    ...{ about, creator, date: new Date().toISOString(), notes, results },
    ...(command !== undefined && { command }),
  };
}

function pageOf<About>(source: NumbersPageSource<About>, results: readonly StoredResult[]): string {
  const title = htmlText(source.title);
  return [
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
    offlinePolicy,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${title}</title><style>${pageStyle}${cardStyle}</style></head>\n<body><main id="page"><h1>${title}</h1>`,
    '<noscript>The numbers of this page are drawn by its script, which is turned off.</noscript></main>\n',
    `${drawnBy(storedPage(source, results), source.script)}</body></html>\n`,
  ].join('');
}

/** Numbers in 4 bytes each, where these hold them; −∞, which no pixel has, is no number. */
export function exactly(numbers: Float64Array): Float32Array | Float64Array {
  const all = numbers.map((value) => (value === Number.NEGATIVE_INFINITY ? Number.NaN : value));
  const few = Float32Array.from(all);
  return few.every((value, i) => value === all[i] || Number.isNaN(value)) ? few : all;
}
