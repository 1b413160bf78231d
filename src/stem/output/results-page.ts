/**
 * The results of a run as one HTML file that opens without a server: the numbers themselves, compressed, and a script
 * that draws them. It asks for no address, so that it can be sent by mail and opened from a disk.
 */
import { bytesOfArray } from '../../frames/dtype.js';
import { htmlText } from '../../util/plain-text.js';
import { base64, deflate } from '../../util/png.js';
import { version } from '../../util/version.js';
import type { ResultsAbout } from './about.js';
import { type NamedResult, numpyType } from './named-results.js';
import { axesOf, type ResultAxes } from './result-axes.js';
import { resultsStyle as style } from './results-style.js';

/** An axis of a result: its name, how many numbers it has, and where each is, if a step is known. */
export interface StoredAxis {
  readonly name: string;
  readonly length: number;
  readonly first?: number;
  readonly step?: number;
  readonly unit?: string;
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
  /** What differs from the result: rounded, or why it is not in the page. */
  readonly remark?: string;
}

/** What is written into the page for its script. */
export interface StoredPage {
  readonly about: ResultsAbout;
  readonly command?: string;
  readonly creator: string;
  readonly date: string;
  readonly notes: readonly string[];
  readonly results: readonly StoredResult[];
}

/** What a page is made of. */
export interface ResultsPageSource {
  readonly results: readonly NamedResult[];
  readonly about: ResultsAbout;
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
export async function resultsPage(source: ResultsPageSource): Promise<{ html: string; lacks: readonly string[] }> {
  const { results, about, maxBytes, notes } = source;
  const named = axesOf(results, about.stepNm);
  const axes = results.map((result, i) => storedAxes(result, named, i));
  const empty = results.map((result, i) => storedOf(result, axes[i] ?? [], {}, maxBytes));
  const room = maxBytes - pageOf(source, empty).length - 200 * (results.length + notes.length);
  const candidates: Candidate[] = [];
  for (const { data } of results) {
    const isHopeless = data.byteLength > mostRatio * Math.max(room, 0);
    candidates.push({
      exact: isHopeless ? undefined : base64(await deflate(bytesOfArray(data))),
      rounded: async () => (isHopeless ? undefined : roundedText(data)),
    });
  }
  const texts = await textsWithin(candidates, room);
  const stored = results.map((result, i) => storedOf(result, axes[i] ?? [], texts[i] ?? {}, maxBytes));
  const lacks = stored.flatMap(({ name, remark }) => (remark === undefined ? [] : [`${name}: ${remark}`]));
  return { html: pageOf(source, stored), lacks };
}

/** The numbers of a result as the page has them. */
interface StoredText {
  readonly text?: string | undefined;
  readonly isRounded?: boolean;
}

async function roundedText(data: NamedResult['data']): Promise<string | undefined> {
  if (!(data instanceof Float64Array)) return undefined;
  const rounded = Float32Array.from(data);
  if (data.some((value, k) => Number.isFinite(value) && !Number.isFinite(rounded[k]))) return undefined;
  return base64(await deflate(bytesOfArray(rounded)));
}

/** As many results as there is room for, the smallest first, and of these as many as they are. */
async function textsWithin(candidates: readonly Candidate[], room: number): Promise<readonly StoredText[]> {
  const all = candidates.map(({ exact }): StoredText => ({ text: exact }));
  const length = ({ text = '' }: StoredText): number => text.length;
  const sum = (some: readonly StoredText[]): number => some.reduce((total, one) => total + length(one), 0);
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

function storedAxes({ shape, vectors }: NamedResult, { names, coordinates }: ResultAxes, i: number): StoredAxis[] {
  return shape.slice(0, vectors ? -1 : undefined).map((length, k) => {
    const name = names[i]?.[k] ?? `axis_${k}`;
    const known = coordinates.get(name);
    if (!known) return { name, length };
    const [first = 0, second = first] = known.values;
    return { name, length, first, step: second - first, unit: known.unit };
  });
}

function storedOf(
  result: NamedResult,
  axes: readonly StoredAxis[],
  { text, isRounded }: StoredText,
  maxBytes: number,
): StoredResult {
  const { name, unit, desc, log, vectors, dtype, navAxes } = result;
  const isComplex = dtype.startsWith('c');
  const type = isRounded ? '<f4' : isComplex ? { c64: '<f4', c128: '<f8' }[dtype as 'c64'] : numpyType(result);
  const remark =
    text === undefined
      ? `not in the page, which would be larger than ${megabytes(maxBytes)} MB`
      : isRounded
        ? 'rounded to 7 digits, since the page would be too large'
        : undefined;
  return {
    ...{ name, axes, type },
    ...(isComplex ? { pairs: 'complex' as const } : vectors ? { pairs: 'vectors' as const } : {}),
    ...(unit !== undefined && { unit }),
    ...(desc !== undefined && { desc }),
    ...(log && { log }),
    ...(navAxes > 0 && { scanAxes: navAxes }),
    ...(text !== undefined && { numbers: text }),
    ...(remark !== undefined && { remark }),
  };
}

const megabytes = (bytes: number): string => String(Number((bytes / 1e6).toPrecision(3)));

/** JSON that cannot end the element that it is in. */
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

function pageOf({ about, notes, command, script }: ResultsPageSource, results: readonly StoredResult[]): string {
  const creator = `ewald ${version}`;
  const page: StoredPage = {
    ...{ about, creator, date: new Date().toISOString(), notes, results },
    ...(command !== undefined && { command }),
  };
  const title = htmlText(`${about.analyses.map(({ name }) => name).join(', ')} of ${about.input}`);
  // Nothing is loaded and nothing is sent, whatever the names of results and files are.
  const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";
  return [
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${title}</title><style>${style}</style></head>\n<body><main id="page"><h1>${title}</h1>`,
    '<noscript>The numbers of this page are drawn by its script, which is turned off.</noscript></main>\n',
    `<script type="application/json" id="stored">${inScript(page)}</script>\n`,
    `<script type="module">${script.replace(/<\/(?=script)/gi, '<\\/')}</script></body></html>\n`,
  ].join('');
}
