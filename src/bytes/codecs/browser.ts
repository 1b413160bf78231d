/** The codecs of a browser: the wasm core and the platform's compression stream. */

import type { WasmSource } from '../../compute/backends/names.js';
import { Core } from '../../compute/backends/wasm/heap.js';
import { compileCore } from '../../compute/backends/wasm/source.js';
import { checkedOptions } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import { type Codecs, codecRows } from './codecs.js';
import { wasmCodecs } from './wasm.js';

/** Options of opening the codecs. */
export interface CodecsOptions {
  /** `wasm` to ignore the native addon. Default: native if present. */
  readonly backend?: 'native' | 'wasm' | undefined;
  /** The wasm core, if it is not next to the bundle. */
  readonly wasm?: WasmSource | undefined;
  /** The native addon, if it is not next to the bundle. */
  readonly addonPath?: string | undefined;
}

/** The codecs are the room of frames. */
const part = (): URL => new URL('./ewald-frames.wasm', import.meta.url);

/** Opens the codecs; the caller disposes them. Throws `Load` if the core cannot be loaded. */
export async function openCodecs(options: CodecsOptions = {}): Promise<Codecs> {
  const { backend, wasm } = checkedOptions('openCodecs', options, codecRows);
  if (backend === 'native') throw new EwaldError('Unsupported', 'codecs: the native addon requires Node; use wasm');
  return wasmCodecs(await Core.instantiate(await compileCore(wasm, undefined, part)), deflate);
}

async function deflate(input: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  // A Blob copies the bytes, so shared memory may be given.
  const bytes = new Blob([input as Uint8Array<ArrayBuffer>]).stream();
  const stream = bytes.pipeThrough(new CompressionStream('deflate') as ReadableWritablePair<Uint8Array, Uint8Array>);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
