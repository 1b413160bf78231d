/**
 * Decompression by the engine, in pieces. Node's zlib reads an archive of several gzip members, and lets anything follow
 * the end of a stream. `DecompressionStream` refuses both in browsers, and in Node from version 22 on.
 */

/** gzip (RFC 1952), or deflate (RFC 1951) without a frame. */
type EngineFormat = 'gzip' | 'deflate-raw';

/** Bytes that Node's zlib gives at a time. */
const pieceBytes = 2 ** 17;

/**
 * What compressed data hold. Rejects with the engine's error for damaged and incomplete ones; errors of the source pass
 * unchanged. The source is closed when this ends or is left.
 */
export async function* inflatedPieces(
  format: EngineFormat,
  stored: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* byNode(format, stored) ?? byStream(format, stored);
  } finally {
    await stored.return(undefined);
  }
}

/** By Node's zlib; undefined elsewhere. */
function byNode(format: EngineFormat, stored: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> | undefined {
  const { process } = globalThis as { readonly process?: Partial<Pick<NodeJS.Process, 'getBuiltinModule'>> };
  const zlib = process?.getBuiltinModule?.('node:zlib');
  const stream = process?.getBuiltinModule?.('node:stream');
  if (!zlib || !stream) return undefined;
  const options = { chunkSize: pieceBytes };
  const engine = format === 'gzip' ? zlib.createGunzip(options) : zlib.createInflateRaw(options);
  const pieces = stream.pipeline(stream.Readable.from(stored, { objectMode: false }), engine, () => undefined);
  return (async function* () {
    for await (const { buffer, byteOffset, length } of pieces as AsyncIterable<Uint8Array>)
      yield new Uint8Array(buffer, byteOffset, length);
  })();
}

async function* byStream(format: EngineFormat, stored: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
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
  const engine = new DecompressionStream(format as CompressionFormat) as ReadableWritablePair<Uint8Array, Uint8Array>;
  const reader = source.pipeThrough(engine).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
