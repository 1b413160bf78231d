/** Frames with their peaks and crystals as one HTML file that opens without a server. */
import type { KnownCell } from '../crystal/cell-file.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { Dataset } from '../frames/dataset.js';
import type { Detector } from '../frames/detector/detector.js';
import type { DetectorMethods } from '../frames/detector/room.js';
import { Assembly } from '../report/assembly.js';
import { countsOfBlocks } from '../report/blocks.js';
import { exactly, numbersPage, type ShownNumbers, type StoredMarks } from '../report/numbers-page.js';
import { counted } from '../util/amounts.js';
import type { PlatformSignal } from '../util/globals.js';
import { firstPlaceOf, recordedName } from './reduce/first-numbers.js';
import type { PipelineMethods } from './room.js';
import type { FrameResult } from './stages/frame.js';
import { readFrame } from './stages/read-frame.js';

/** What a page of frames is made of. */
export interface FramesPageSource {
  readonly dataset: Dataset;
  /** Numbers of the frames. */
  readonly frames: readonly number[];
  readonly geometry: Geometry | undefined;
  /** Without any, frames are searched for peaks alone. */
  readonly cells: readonly KnownCell[];
  readonly notes: readonly string[];
  readonly command: string | undefined;
  /** Largest size of the page, bytes. */
  readonly maxBytes: number;
  readonly script: string;
  readonly signal?: PlatformSignal | undefined;
}

/** Numbers of frames from which the search is tuned, as in the viewer. */
const tunedFrames = 4;
/** Of a detector of several panels, the longer side of its picture in pixels. */
const assembledSize = 1024;
/** Numbers of counts shrink about as much. */
const usualRatio = 3;

/**
 * The page, and what it lacks in words. Each frame is a picture of its numbers with the peaks that are found and, with
 * cells, the predicted reflections; the panels of a detector are in place. Where frames as they are would make the page
 * too large, blocks of 2 × 2, 4 × 4 … pixels are one, whose number is the largest of them, which a note says.
 */
export async function framesPage(
  ctx: DetectorMethods & Pick<PipelineMethods, 'frameSearcher'>,
  source: FramesPageSource,
): Promise<{ readonly html: string; readonly lacks: readonly string[] }> {
  const { dataset, frames, geometry, cells, signal, maxBytes } = source;
  const detector = await ctx.detector(dataset, { geometry });
  const searcher = await ctx.frameSearcher({ detector, cells });
  const found: FrameResult[] = [];
  let settings: object = {};
  try {
    const first = await Promise.all(frames.slice(0, tunedFrames).map((i) => readFrame(dataset, i, detector, signal)));
    settings = await searcher.tune(first);
    const beams = await detector.beams(dataset.name);
    for (const frame of frames)
      found.push(
        await searcher.search(await readFrame(dataset, frame, detector, signal), { beam: beams(frame), signal }),
      );
  } finally {
    await searcher.dispose();
  }
  const { width, height } = detector;
  const about = {
    ...{ input: dataset.name, shape: [dataset.frames, height, width], dtype: dataset.dtype },
    analyses: [{ name: 'search', parameters: settings }],
  };
  let block = 1;
  while ((frames.length * width * height * 4 * 4) / 3 / usualRatio / block ** 2 > 4 * maxBytes) block *= 2;
  for (; ; block *= 2) {
    const picture = pictureOf(detector, block);
    const results: ShownNumbers[] = [];
    // Panels in place have a picture of a given size.
    let along = block;
    for (const [k, frame] of frames.entries()) {
      const numbers = await readFrame(dataset, frame, detector, signal);
      const drawn = picture(numbers);
      const shown = shownOf(frame, found[k] as FrameResult, drawn, detector);
      along = drawn.block;
      results.push({ ...shown, name: await nameOf(dataset, frame) });
    }
    const side = Math.round(100 * along) / 100;
    const binned = side > 1 ? [`${side} × ${side} pixels are one, whose number is the largest of them`] : [];
    const page = await numbersPage({
      ...{ about, results, command: source.command, maxBytes, script: source.script },
      title: `${counted(frames.length, 'frame')} of ${dataset.name.replace(/^.*[/\\]/, '')}`,
      notes: [...source.notes, ...binned],
    });
    if (page.lacks.length === 0 || block > Math.min(width, height) / 2)
      return { ...page, lacks: [...binned, ...page.lacks] };
  }
}

/** The name of a frame; hits of a file of hits have the number and the file with which they were recorded, too. */
async function nameOf(dataset: Dataset, frame: number): Promise<string> {
  const { frame: first, source, of } = await firstPlaceOf(dataset, { filename: dataset.name, event: frame, serial: 0 });
  return of === undefined ? `frame ${frame}` : `frame ${frame}, recorded as ${recordedName(first, source)}`;
}

/** A picture, and where positions on the detector are on it, in its pixels from the upper left corner. */
interface Picture {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly [rows: number, columns: number];
  /** Pixels of the detector that are one of the picture. */
  readonly block: number;
  readonly axes: readonly [string, string];
  readonly place: (fs: number, ss: number) => { readonly x: number; readonly y: number } | undefined;
}

/** Makes pictures in which blocks of pixels are one; pixels without a count are no number. */
function pictureOf(detector: Detector, block: number): (frame: ArrayLike<number>) => Picture {
  const { width, height, bad, validRange, geometry } = detector;
  if (geometry.panels.length > 1) {
    const assembly = new Assembly(detector, Math.max(1, Math.round(assembledSize / block)));
    const { size } = assembly;
    return (frame) => ({
      data: exactly(assembly.gather(frame)),
      shape: [size, size],
      block: 1 / assembly.scale,
      axes: ['y', 'x'],
      place: (fs, ss) => assembly.place(fs, ss),
    });
  }
  const shape = [Math.ceil(height / block), Math.ceil(width / block)] as const;
  return (frame) => {
    const data = countsOfBlocks(frame, [height, width], block, { bad, range: validRange });
    const place = (fs: number, ss: number) => ({ x: fs / block, y: ss / block });
    return { data: exactly(data), shape, block, axes: ['sig_y', 'sig_x'], place };
  };
}

/** Marks at positions on the detector; those between panels are nowhere. */
function marksAt(
  words: Pick<StoredMarks, 'name' | 'shape' | 'size'>,
  positions: readonly { readonly fs: number; readonly ss: number; readonly text?: string }[],
  { place }: Picture,
): StoredMarks {
  const round = (value: number): number => Math.round(100 * value) / 100;
  const placed = positions.flatMap(({ fs, ss, text }) => {
    const at = place(fs, ss);
    return at ? [{ x: round(at.x), y: round(at.y), text }] : [];
  });
  return {
    ...words,
    ...{ x: placed.map(({ x }) => x), y: placed.map(({ y }) => y) },
    ...(placed[0]?.text !== undefined && { texts: placed.map(({ text = '' }) => text) }),
  };
}

/** A frame as the page shows it. */
function shownOf(
  frame: number,
  { peaks, crystals }: FrameResult,
  picture: Picture,
  { geometry }: Detector,
): ShownNumbers {
  const { data, shape, axes, block } = picture;
  const size = Math.max(2, 5 / block);
  const found = Array.from({ length: peaks.count }, (_, i) => ({
    fs: peaks.fs[i] as number,
    ss: peaks.ss[i] as number,
  }));
  const predicted = crystals.flatMap(({ reflections = [] }) =>
    reflections.map(({ h, k, l, fs, ss, panel }) => {
      const { minFs = 0, minSs = 0 } = geometry.panels[panel] ?? {};
      return { fs: fs + minFs, ss: ss + minSs, text: `${h} ${k} ${l}` };
    }),
  );
  const best = crystals.map(({ resolution }) => 1 / resolution).sort((a, b) => a - b)[0];
  const said = [
    counted(peaks.count, 'peak'),
    ...(best === undefined ? [] : [`${counted(crystals.length, 'crystal')} to ${best.toFixed(2)} Å`]),
  ];
  return {
    ...{ name: `frame ${frame}`, data, unit: 'counts', desc: said.join(', ') },
    type: data instanceof Float32Array ? '<f4' : '<f8',
    axes: axes.map((name, i) => ({ name, length: shape[i] as number })),
    marks: [
      marksAt({ name: 'peaks', shape: 'circle', size }, found, picture),
      ...(predicted.length > 0
        ? [marksAt({ name: 'reflections', shape: 'square', size: 0.7 * size }, predicted, picture)]
        : []),
    ],
  };
}
