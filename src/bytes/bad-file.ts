/** Errors of malformed files, and of frames larger than any detector's. */
import { EwaldError } from '../util/errors.js';
import type { ByteSource } from './byte-source.js';

/** The error for a malformed file: what was found, and at which byte if known. */
export const badFile = (
  source: Pick<ByteSource, 'name'>,
  message: string,
  detail: Record<string, unknown> = {},
): EwaldError => new EwaldError('Format', `${source.name}: ${message}`, { detail: { path: source.name, ...detail } });

/**
 * Largest frame that is read by default: nearly three times that of the largest camera in use (11 520 × 8184 pixels of
 * f32 are 377 MB), and far below what a damaged header can claim.
 */
export const defaultFrameBytes = 2 ** 30;

/** The error for a frame or chunk that is larger than any detector's. */
export const tooLarge = (what: string, bytes: number, most: number): EwaldError =>
  new EwaldError(
    'Limit',
    `${what} take ${bytes} bytes each, more than the limit of ${most}: the header may be damaged. If the size is ` +
      'real, raise maxFrameBytes (--max-frame-bytes)',
    { detail: { bytes, maxFrameBytes: most } },
  );
