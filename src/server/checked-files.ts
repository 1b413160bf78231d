/** Refuses files that the viewer cannot show, in words and before its page is opened. */

import { open } from '../frames/opening.node.js';
import { sliceIn } from '../options/frame-slice.js';
import { argumentError } from '../options/parameters.js';
import { givenCells, givenGeometry } from '../pipeline/inputs/given.js';
import { inputKindIn } from '../pipeline/inputs/inputs.js';
import { runPlace } from '../pipeline/inputs/place.node.js';
import { rangesOf } from '../udf/scans/roi-ranges.js';
import { scanOf } from '../udf/scans/scan.js';
import { EwaldError } from '../util/errors.js';
import type { ViewParameters } from './parameter-types.js';
import type { openingRows, shownScanRows } from './parameters.js';

/** How files of frames are read. */
export type Opening = Pick<
  ViewParameters,
  keyof typeof openingRows | Exclude<keyof typeof shownScanRows, 'calibration'> | 'dataset'
>;

/** What is given with files. */
interface Beside {
  readonly geometry: string | undefined;
  readonly cell: string | undefined;
  readonly opening: Opening | undefined;
}

const endsWith = (file: string, ...endings: string[]): boolean =>
  endings.some((ending) => file.toLowerCase().endsWith(ending));

/**
 * Reads a geometry and a cell, and looks at the beginning of every other file, which the page reads. `files` are sorted
 * by their endings, as the page sorts files that are dropped on it. Throws `Format` for what is not what it should be.
 */
export async function checkShown(
  files: readonly string[],
  { geometry, cell, opening }: Beside,
  warn: (text: string) => void,
): Promise<void> {
  const named = files.filter((file) => endsWith(file, '.geom'));
  for (const file of geometry === undefined ? named : [geometry, ...named]) {
    const given = await givenGeometry(file, runPlace);
    for (const warning of given?.geometry.warnings ?? []) warn(`${given?.name}: ${warning}`);
  }
  const cells = files.filter((file) => endsWith(file, '.cell', '.pdb'));
  await givenCells(cell === undefined ? cells : [cell, ...cells], runPlace);
  const frames = files.filter((file) => !named.includes(file) && !cells.includes(file));
  // The page opens them in the same way, and could only say the same.
  if (opening) {
    const { syncOffset, roi, first, frames: some, navShape, ...flat } = opening;
    const reading = syncOffset === undefined ? { ...flat, navShape } : flat;
    const dataset = await open(frames.length > 1 ? frames : (frames[0] as string), reading);
    try {
      const { shape } = scanOf(dataset, { syncOffset, ...(syncOffset !== undefined && { navShape }) });
      if (roi !== undefined) rangesOf('roi', roi, shape.nav);
      if (sliceIn('serveView', { first, frames: some }, dataset) && (roi ?? syncOffset) !== undefined)
        throw argumentError('serveView', (said) => {
          const which = roi === undefined ? 'syncOffset' : 'roi';
          return `${said(which)} selects frames, as ${said('first')} and ${said('frames')} do; give one of them`;
        });
    } finally {
      await dataset.dispose();
    }
  }
  for (const file of opening ? [] : frames) {
    if (endsWith(file, '.stream')) continue;
    const kind = await inputKindIn(runPlace, file);
    if (kind === 'frames' || kind === 'stream') continue;
    throw new EwaldError(
      'Format',
      `${file} holds no frames in a format that is recognised; expected detector frames, a stream, a .geom or a .cell` +
        ' file. Numbers without a header need --dtype … --sig-shape …, and --nav-shape … to be a scan',
      { detail: { path: file } },
    );
  }
}
