/** What the map of a chip shows of a frame, from its record or from its chunk of a stream. */
import { type RegionValues, regionNumbers, regionsOfChunk } from '../../crystal/stream/regions.js';
import type { ChipMaps, WellFrame } from '../chip/chip-map.js';
import { backgroundMark } from '../profile/stream-lines.js';
import type { FrameRecord } from '../record.js';
import { peakResolutionA } from '../stages/peak-resolution.js';
import { gridMark, imageMark, positionMark, seriesPrefix } from './grid-lines.js';
import { type ImageCount, imageOf } from './image-number.js';

/** What of a frame the map of a chip shows. */
type MappedFrame = Pick<FrameRecord, 'hit' | 'peaks' | 'spots' | 'crystals' | 'profile' | 'rois'>;

/** What a map shows of a frame. */
export function wellFrame(frame: MappedFrame): WellFrame {
  const { hit, peaks, crystals, profile, rois } = frame;
  return {
    hit,
    spots: peaks.count,
    crystals: crystals.length,
    resolutionA: peakResolutionA(frame),
    ...further(profile?.background, rois),
  };
}

/** Numbers that only some runs have. */
const further = (background: number | undefined, rois: RegionValues | undefined): Partial<WellFrame> => ({
  ...(background === undefined ? {} : { background }),
  ...(rois ? { more: regionNumbers(rois) } : {}),
});

/** Adds a frame as its chunk of a stream states it; returns whether it has a place on the chip. */
export function addChunk(
  maps: ChipMaps,
  count: ImageCount | undefined,
  chunk: {
    readonly filename: string;
    readonly event: string | undefined;
    readonly serial: number;
    readonly hit: boolean;
    readonly cells: readonly unknown[];
    readonly text: string;
  },
): boolean {
  const { text, filename, hit, cells } = chunk;
  const numbers = (mark: string): number[] =>
    new RegExp(`^${mark}(.*)$`, 'm').exec(text)?.[1]?.split(' ').slice(0, 2).map(Number) ?? [];
  const [[row, column], [x, y], [image]] = [gridMark, positionMark, imageMark].map(numbers) as [
    number[],
    number[],
    number[],
  ];
  if (row === undefined && x === undefined && image === undefined) return false;
  const [, ofDetector] =
    new RegExp(`^${imageMark}\\d+ of (${seriesPrefix}\\d+(?: \\(\\d+\\))?)$`, 'm').exec(text) ?? [];
  const event = chunk.event === undefined ? undefined : Number(/(\d+)$/.exec(chunk.event)?.[1] ?? 0);
  const isNamed = count === undefined ? event === undefined : count === 'names';
  const { series } = imageOf(isNamed ? 'names' : 'frames', { filename, event, serial: chunk.serial });
  const [, peaks = '0'] = /^num_peaks = (\d+)/m.exec(text) ?? [];
  const [, resolution] = /^peak_resolution = \S+ nm\^-1 or (\S+) A/m.exec(text) ?? [];
  const [, background] = new RegExp(`^${backgroundMark}(\\d\\S*)`, 'm').exec(text) ?? [];
  const spots = Number(peaks);
  maps.add(
    { series: ofDetector ?? series, row, column, x, y, image },
    {
      hit,
      spots,
      crystals: cells.length,
      resolutionA: spots > 0 && resolution !== undefined ? Number(resolution) : undefined,
      ...further(background === undefined ? undefined : Number(background), regionsOfChunk(text)),
    },
  );
  return row !== undefined || x !== undefined;
}
