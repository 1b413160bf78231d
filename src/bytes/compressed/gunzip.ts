/** Decompresses gzip data that arrive in pieces. */
import { type EwaldError, isEwaldError } from '../../util/errors.js';
import { inflatedPieces } from '../engine-inflate.js';

/**
 * The decompressed contents of a gzip archive, in pieces. Errors of the source pass unchanged; for damaged or
 * incomplete data it throws what `damaged` makes of the cause. The source is closed when this ends or is left.
 */
export async function* gunzip(
  stored: AsyncGenerator<Uint8Array>,
  damaged: (cause: unknown) => EwaldError,
): AsyncGenerator<Uint8Array> {
  try {
    yield* inflatedPieces('gzip', stored);
  } catch (cause) {
    throw isEwaldError(cause) ? cause : damaged(cause);
  }
}
