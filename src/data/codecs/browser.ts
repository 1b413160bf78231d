/** The codecs of a browser: the wasm core, and the compression streams of the platform. */
import type { WasmSource } from '../../backends/names.js';
import { Core } from '../../backends/wasm/heap.js';
import { compileCore } from '../../backends/wasm/source.js';
import { EwaldError, messageOf } from '../../errors.js';
import type { Codecs } from './codecs.js';
import { wasmCodecs } from './wasm.js';

/** Where the codecs come from. */
export interface CodecsOptions {
  /** `wasm` where the native addon is not to be taken. Default: native where it is present. */
  readonly backend?: 'native' | 'wasm' | undefined;
  /** The wasm core, where it does not lie beside the bundle. */
  readonly wasm?: WasmSource | undefined;
  /** The native addon, where it does not lie beside the bundle. */
  readonly addonPath?: string | undefined;
}

/** Opens the codecs; the caller disposes them. Throws `Load` where the core cannot be had. */
export async function openCodecs({ backend, wasm }: CodecsOptions = {}): Promise<Codecs> {
  if (backend === 'native') throw new EwaldError('Unsupported', 'codecs: the native addon is for Node; take wasm');
  return wasmCodecs(await Core.instantiate(await compileCore(wasm, undefined)), { inflate, deflate });
}

async function inflate(input: Uint8Array, output: Uint8Array): Promise<void> {
  let at = 0;
  try {
    const reader = through(input, new DecompressionStream('deflate')).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > output.length) {
        await reader.cancel();
        throw new EwaldError('Format', `gzip holds more than the ${output.length} bytes of the chunk`);
      }
      output.set(value, at);
      at += value.length;
    }
  } catch (cause) {
    if (cause instanceof EwaldError) throw cause;
    throw new EwaldError('Format', `${input.length} bytes of gzip do not decode: ${messageOf(cause)}`, { cause });
  }
  if (at !== output.length) throw new EwaldError('Format', `gzip holds ${at} bytes, the chunk has ${output.length}`);
}

async function deflate(input: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = through(input, new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function through(
  input: Uint8Array,
  transform: { readable: ReadableStream<Uint8Array>; writable: WritableStream<BufferSource> },
): ReadableStream<Uint8Array> {
  // A Blob copies the bytes, so shared memory may be given.
  return new Blob([input as Uint8Array<ArrayBuffer>]).stream().pipeThrough(transform as never);
}
