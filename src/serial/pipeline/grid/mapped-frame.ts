/** What the map of a chip shows of a frame, from its record or from its chunk of a stream. */
import type { ChipMaps, WellFrame } from '../../../io/chip/chip-map.js';
import type { FrameRecord } from '../record.js';
import { peakResolutionA } from '../stages/peak-resolution.js';
import { gridMark, imageMark, positionMark, seriesPrefix } from './grid-lines.js';
import { type ImageCount, imageOf } from './image-number.js';

/** What of a frame the map of a chip shows. */
type MappedFrame = Pick<FrameRecord, 'hit' | 'peaks' | 'spots' | 'crystals'>;

/** What a map shows of a frame. */
export function wellFrame(frame: MappedFrame): WellFrame {
  const { hit, peaks, crystals } = frame;
  const { profile, rois } = frame as MappedFrame & {
    readonly profile?: { readonly background?: number | undefined } | undefined;
    readonly rois?: unknown;
  };
  const more = regionsOf(rois);
  return {
    hit,
    spots: peaks.count,
    crystals: crystals.length,
    resolutionA: peakResolutionA(frame),
    ...(profile?.background === undefined ? {} : { background: profile.background }),
    ...(more ? { more } : {}),
  };
}

/** The numbers of regions, as `roi:NAME.FIELD`. */
function regionsOf(rois: unknown): Record<string, number> | undefined {
  if (typeof rois !== 'object' || rois === null) return undefined;
  const found: Record<string, number> = {};
  const named = Array.isArray(rois)
    ? rois.map((one) => [String((one as { name?: unknown }).name), one] as const)
    : Object.entries(rois);
  for (const [name, fields] of named)
    for (const [field, value] of Object.entries((fields ?? {}) as Record<string, unknown>))
      if (typeof value === 'number') found[`roi:${name}.${field}`] = value;
  return found;
}

/** Adds a frame that an earlier session has written, as its chunk of the stream states it. */
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
  const [, ofDetector] = new RegExp(`^${imageMark}\\d+ of (${seriesPrefix}\\d+)$`, 'm').exec(text) ?? [];
  const event = chunk.event === undefined ? undefined : Number(/(\d+)$/.exec(chunk.event)?.[1] ?? 0);
  const isNamed = count === undefined ? event === undefined : count === 'names';
  const { series } = imageOf(isNamed ? 'names' : 'frames', { filename, event, serial: chunk.serial });
  const [, peaks = '0'] = /^num_peaks = (\d+)/m.exec(text) ?? [];
  const [, resolution] = /^peak_resolution = \S+ nm\^-1 or (\S+) A/m.exec(text) ?? [];
  const [, background] = /^ewald\/background = (\S+)/m.exec(text) ?? [];
  const more = Object.fromEntries(
    [...text.matchAll(/^ewald\/roi\/(\S+) = (.*)$/gm)].flatMap(([, name, values = '']) => {
      const words = values.split(' ').map(Number);
      return ['sum', 'sum_sq', 'max', 'npixel', 'x', 'y'].map(
        (field, i) => [`roi:${name}.${field}`, words[i]] as const,
      );
    }),
  ) as Record<string, number>;
  const spots = Number(peaks);
  maps.add(
    { series: ofDetector ?? series, row, column, x, y, image },
    {
      hit,
      spots,
      crystals: cells.length,
      resolutionA: spots > 0 && resolution !== undefined ? Number(resolution) : undefined,
      ...(background === undefined ? {} : { background: Number(background) }),
      ...(Object.keys(more).length > 0 ? { more } : {}),
    },
  );
  return true;
}
