/** The radial profile of a run that is followed: its mean of the last minute, and ten minutes as a waterfall. */
import { iceRings, type NewestProfile } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { colourMaps } from './colour-maps.js';
import { clearedPen } from './elements.js';
import { before, drawProfile } from './profile-chart.js';

/** Interval at which the server is asked, ms. */
const everyMs = 2000;

/** The answer of the server; see src/server/live-profiles.ts. */
interface ServedProfiles {
  readonly values: Float32Array;
  readonly rows: number;
  readonly bins: number;
  readonly frames: number;
  /** What the newest frame with a profile showed; empty before the first. */
  readonly newest: Partial<NewestProfile>;
}

let served: ServedProfiles | undefined;
let loading = false;
let loadedAt = Number.NEGATIVE_INFINITY;

/** The profiles of the run, at most every two seconds anew. */
export async function loadProfiles(): Promise<
  (ServedProfiles & { loadedAt: number; words: string; short: string }) | undefined
> {
  await load();
  return served && { ...served, loadedAt, words: wordsOf(served), short: shortOf(served) };
}

async function load(): Promise<void> {
  if (loading || performance.now() - loadedAt < everyMs) return;
  loading = true;
  try {
    const answer = await fetch('live/profile');
    if (!answer.ok) return;
    const [lines = 3, bins = 0] = (answer.headers.get('X-Shape') ?? '').split(',').map(Number);
    served = {
      values: new Float32Array(await answer.arrayBuffer()),
      rows: lines - 3,
      bins,
      frames: Number(answer.headers.get('X-Frames')),
      newest: JSON.parse(answer.headers.get('X-Newest') ?? '{}'),
    };
  } catch {
    // The server of a run that has ended is gone; what is shown remains.
  } finally {
    loadedAt = performance.now();
    loading = false;
  }
}

/** Draws the tab. */
export async function writeProfileTab(): Promise<void> {
  await load();
  if (!served) return;
  const canvas = (id: string): HTMLCanvasElement => byId<HTMLCanvasElement>(id);
  drawProfiles(served, canvas('radial-mean'), canvas('radial-waterfall'));
  byId('radial-of').textContent = wordsOf(served);
}

/** Draws the mean of the last minute with the rings of ice, and the waterfall. */
export function drawProfiles(of: ServedProfiles, ofMean: HTMLCanvasElement, ofTime: HTMLCanvasElement): void {
  const { values, rows, bins, newest } = of;
  const line = (i: number): Float64Array => Float64Array.from(values.subarray(i * bins, (i + 1) * bins));
  const [q, mean, background] = [line(0), line(1), line(2)];
  const text = (at: number): string => {
    const d = (2 * Math.PI) / at;
    return `${at.toFixed(1)} (${d.toFixed(d < 10 ? 1 : 0)})`;
  };
  const axis = { from: q[0] ?? 0, to: q[bins - 1] ?? 1, text };
  const { ice } = newest;
  drawProfile(ofMean, [mean, background], {
    ...axis,
    dashed: iceRings.map((d) => (2 * Math.PI) / d),
    ...(ice?.isFlagged && { mark: (2 * Math.PI) / ice.d }),
  });
  drawWaterfall(ofTime, values.subarray(3 * bins), rows, bins);
}

/** What it says of ice, for a narrow pane. */
const shortOf = ({ newest: { ice } }: ServedProfiles): string =>
  ice?.isFlagged
    ? `▲ ice ${ice.score.toFixed(2)} at ${ice.d} Å`
    : 'counts a pixel over 2π/d in 1/Å; last minute, ten minutes';

function wordsOf({ frames, newest }: ServedProfiles): string {
  const { ice, whyNoIce, backgroundRange } = newest;
  const range = backgroundRange?.map((d) => Number(d.toFixed(2))).join(' to ');
  const lines = [
    `${frames} frames; q = 2π/d in 1/Å (d in Å); line: all pixels, surface: without peaks, last minute`,
    newest.background === undefined
      ? 'background not measured: no pixel from 5 to 3 Å'
      : `background ${Number(newest.background.toPrecision(3))} counts a pixel (${range} Å)`,
    ice
      ? `${ice.isFlagged ? '▲ ice' : 'ice'} ${ice.score.toFixed(2)} ± ${ice.error.toFixed(2)} at ${ice.d} Å`
      : `ice not measured${whyNoIce === undefined ? '' : `: ${whyNoIce}`}`,
  ];
  return lines.join('; ');
}

/** Rows of time, the newest at the top, on a logarithmic scale; bins without pixels stay empty. */
function drawWaterfall(canvas: HTMLCanvasElement, values: Float32Array, rows: number, bins: number): void {
  const pen = clearedPen(canvas);
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values)
    if (value > 0) [least, greatest] = [Math.min(least, Math.log(value)), Math.max(greatest, Math.log(value))];
  if (!(greatest >= least) || rows === 0) return;
  const image = new ImageData(bins, rows);
  const map = colourMaps.inferno;
  for (let row = 0; row < rows; row++)
    for (let bin = 0; bin < bins; bin++) {
      const value = values[(rows - 1 - row) * bins + bin] as number;
      if (!(value > 0)) continue;
      const colour = 3 * Math.round((255 * (Math.log(value) - least)) / (greatest - least || 1));
      image.data.set([...map.subarray(colour, colour + 3), 255], 4 * (row * bins + bin));
    }
  const drawn = new OffscreenCanvas(bins, rows);
  drawn.getContext('2d')?.putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  // Below the axis of the mean.
  const left = before * devicePixelRatio;
  pen.drawImage(drawn, left, 0, canvas.width - left, canvas.height);
}
