/** Decompression by the engine, bounded: never more than requested, whatever the data claim. */

/** Unpacks exactly `length` bytes. Throws if there are fewer or the data are damaged. */
export async function inflate(
  stored: Uint8Array,
  length: number,
  kind: 'deflate' | 'deflate-raw' | 'gzip',
): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let at = 0;
  const stream = new Blob([stored as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream(kind as CompressionFormat) as ReadableWritablePair<Uint8Array, Uint8Array>);
  const reader = stream.getReader();
  try {
    while (at < length) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value.subarray(0, Math.max(0, length - at)), Math.min(at, length));
      at += value.length;
      if (at > length) break;
    }
  } finally {
    // Whatever follows the last pixel is not needed and may be endless.
    await reader.cancel().catch(() => undefined);
  }
  if (at < length) throw new Error(`the compressed data end after ${at} of ${length} bytes`);
  return out;
}
