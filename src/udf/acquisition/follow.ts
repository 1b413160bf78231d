/** Opens a file or folder that is still being written as a live scan. */

import type { DataInput } from '../../bytes/source-of.js';
import type { OpenOptions } from '../../frames/open.js';
import { checkedValue } from '../../options/call-options.js';
import { argumentError, renameInMessage } from '../../options/parameters.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import type { UdfPlace } from '../context-options.js';
import { liveRows } from '../parameters.js';
import type { FollowOptions, LoadOptions } from '../scans/scan.js';
import { DetectorConnection } from './connection.js';
import type { LiveScan } from './live-scan.js';
import { exampleShape } from './nav-shape.js';

/** The scan, and the connection to its files, which the caller disposes. Throws as `Context.load`. */
export async function followFiles(
  place: UdfPlace,
  input: DataInput,
  {
    follow: _,
    timeoutS,
    stallS,
    ringBytes,
    navShape,
    syncOffset,
    fileMask,
    fileDark,
    keepNoCount,
    ...open
  }: LoadOptions & FollowOptions,
  keep: (scan: LiveScan) => LiveScan,
): Promise<{ readonly scan: LiveScan; readonly connection: DetectorConnection }> {
  if (!place.follow)
    throw new EwaldError(
      'Unsupported',
      'follow: browsers do not see files grow; run it on Node, or ewald run --follow',
    );
  if (typeof input !== 'string')
    throw new EwaldError('Argument', `follow: the input is ${inspect(input)}; expected the path of a file or folder`);
  if (navShape === undefined)
    throw argumentError(
      'follow',
      (said) =>
        `${input} is still growing, so that the shape of its scan is unknown; pass it, such as ${exampleShape(said)}`,
      {},
      'Shape',
    );
  const fromFile = fileMask ? 'fileMask' : fileDark ? 'fileDark' : undefined;
  if (fromFile)
    throw argumentError(
      '',
      (said) => `${said(fromFile)} is not read from a file that grows; pass it as a correction`,
      {},
      'Unsupported',
    );
  if (open.skipPerLine)
    throw argumentError(
      '',
      (said) => `${said('skipPerLine')} is not for a file that grows: its frames are the positions of the scan`,
      {},
      'Unsupported',
    );
  const bytes = checkedValue('load: ringBytes', ringBytes, liveRows.ringBytes);
  const { signal } = open;
  const driver = await place.follow(input, open as OpenOptions);
  const connection = new DetectorConnection(driver, bytes, keep);
  try {
    const scan = await connection.next({ navShape, syncOffset, timeoutS, stallS, keepNoCount, signal });
    if (scan) return { scan, connection };
    throw argumentError(
      '',
      (said) =>
        `${input} has no complete frame after ${timeoutS} s (${said('timeoutS')})` +
        (driver.reason === undefined ? '' : `: ${messageOf(renameInMessage(driver.reason, said))}`),
      {},
      'File',
    );
  } catch (error) {
    await connection.dispose();
    throw error;
  }
}
