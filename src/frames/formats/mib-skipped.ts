/**
 * Scans of which the detector recorded more frames than positions: while the beam flies back to the next line, it
 * continues to record.
 */

import type { ByteSource } from '../../bytes/byte-source.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import type { Note } from '../dataset.js';
import type { FormatOptions } from '../format.js';

/** What a .hdr says of a scan. */
interface StatedScan {
  readonly scan: readonly number[] | undefined;
  readonly perTrigger: number | undefined;
}

/** Which frames of a file are positions of the scan. */
export interface KeptFrames {
  readonly rows: number;
  readonly columns: number;
  /** Frames of a line in the file. */
  readonly period: number;
  /** Frames before the first position of a line. */
  readonly before: number;
  readonly notes: readonly Note[];
}

/** The frames that are positions; undefined if all are. Throws `Argument`, `Shape` for lines that do not fit. */
export function findKeptFrames(
  source: ByteSource,
  frames: number,
  acquisition: StatedScan,
  options: FormatOptions,
): KeptFrames | undefined {
  const { skipPerLine: skip } = options;
  if (skip === undefined) return keptFramesFromHdr(frames, acquisition);
  if (skip === 0) return undefined;
  const { scan, perTrigger = 1 } = acquisition;
  const skipped = Math.abs(skip);
  const columns = options.navShape?.at(-1) ?? scan?.at(-1) ?? (perTrigger > 1 ? perTrigger - skipped : undefined);
  if (columns === undefined || columns < 1)
    throw argumentError(
      '',
      (said) =>
        `${said('skipPerLine')} is ${skip}, but the length of a line is not known; expected it as the last number of ` +
        `${said('navShape')}, without the skipped frames: the .hdr of ${source.name} does not state it`,
    );
  const period = columns + skipped;
  // Recording may end with the last position.
  const rows = [frames, frames + Math.max(0, skip)].map((all) => all / period).find(Number.isInteger);
  if (rows === undefined)
    throw new EwaldError(
      'Shape',
      `${source.name} holds ${frames} frames, which are no whole lines of ${columns} and ${skipped} that are skipped`,
      { detail: { path: source.name, frames } },
    );
  return { rows, columns, period, before: Math.max(0, -skip), notes: [] };
}

/** A .hdr may state a scan that is smaller than the file by the same number of frames in each line. */
function keptFramesFromHdr(frames: number, { scan, perTrigger = 1 }: StatedScan): KeptFrames | undefined {
  const [rows = 0, columns = 0] = scan ?? [];
  const period = frames / rows;
  if (!Number.isInteger(period) || period <= columns || (perTrigger > 1 && perTrigger !== period)) return undefined;
  // Without a trigger for each line, many more frames are rather another scan.
  if (perTrigger === 1 && 2 * (period - columns) > columns) return undefined;
  const text =
    `the .hdr states ${rows} × ${columns} positions, and the file holds ${period} frames a line: the last ` +
    `${period - columns} of each are skipped (0 skips none, a negative number the first ones)`;
  return { rows, columns, period, before: 0, notes: [{ kind: 'guess', text, option: 'skipPerLine' }] };
}

/** The frame of the file at a position, and how many follow it without a gap. */
export function fileFrameAt({ columns, period, before }: KeptFrames, position: number): { frame: number; run: number } {
  const column = position % columns;
  return { frame: Math.floor(position / columns) * period + before + column, run: columns - column };
}
