/** Decompresses gzip data that arrive in pieces, by the engine. */
import { type EwaldError, isEwaldError } from '../../../base/errors.js';

/**
 * The decompressed contents of a gzip archive, in pieces. Errors of the source pass unchanged; for damaged or
 * incomplete data it throws what `damaged` makes of the cause. The source is closed when this ends or is left.
 */
export async function* gunzip(
  stored: AsyncGenerator<Uint8Array>,
  damaged: (cause: unknown) => EwaldError,
): AsyncGenerator<Uint8Array> {
  const source = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await stored.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
  const reader = source
    .pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>)
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    if (isEwaldError(cause)) throw cause;
    throw damaged(cause);
  } finally {
    await reader.cancel().catch(() => undefined);
    await stored.return(undefined);
  }
}
