/** The codecs of Node: the native addon if it is built, otherwise the wasm core; zlib compresses. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import { addonError } from '../../compute/backends/status.js';
import { Core } from '../../compute/backends/wasm/heap.js';
import { compileCore } from '../../compute/backends/wasm/source.js';
import { coreConstants } from '../../compute/layout/core.js';
import { dataEnums } from '../../compute/layout/data.js';
import { checkedOptions } from '../../options/call-options.js';
import { addonPath, loadAddon } from '../../util/addon-path.node.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { Turning } from '../byte-order.js';
import type { CodecsOptions } from './browser.js';
import { type Codec, type Codecs, codecRows } from './codecs.js';
import { wasmCodecs } from './wasm.js';

/** The functions that the addon exports for this room; see cpp/addon/frames.cpp. */
export interface CodecAddon extends Turning {
  readonly abiVersion: number;
  codecDecode(
    codec: number,
    elementBytes: number,
    parameter: number,
    input: Uint8Array,
    output: Uint8Array,
    now: boolean,
  ): Promise<void> | undefined;
  codecBound(codec: number, elementBytes: number, parameter: number, bytes: number): number;
  codecEncode(codec: number, elementBytes: number, parameter: number, input: Uint8Array, output: Uint8Array): number;
  convertWords(
    words: Uint16Array,
    pedestals: Float32Array,
    factors: Float32Array,
    stages: number,
    out: Int16Array,
  ): number;
  fletcher32(input: Uint8Array): number;
}

/** Chunks smaller than this are decoded synchronously: a thread would cost more. */
const minForThread = 1 << 16;

/** Opens the codecs; the caller disposes them. Throws `Load` if neither core can be loaded. */
export async function openCodecs(options: CodecsOptions = {}): Promise<Codecs> {
  const { backend, wasm, addonPath: given } = checkedOptions('openCodecs', options, codecRows);
  if (backend !== 'wasm' && wasm === undefined) {
    const addon = codecAddon(given);
    if (typeof addon !== 'string') return nativeCodecs(addon);
    if (backend === 'native') throw new EwaldError('Load', addon);
  }
  return { ...wasmCodecs(await Core.instantiate(await compileCore(wasm, (url) => readFile(url))), deflate), zstd };
}

function codecAddon(given: string | undefined): CodecAddon | string {
  const path = addonPath('ewald_native', given);
  if (!existsSync(path)) return `codecs: no native addon at ${path}; build it with npm run build`;
  try {
    const addon = loadAddon(path) as CodecAddon;
    return addon.abiVersion === coreConstants.abiVersion ? addon : `codecs: the addon ${path} is of another version`;
  } catch (error) {
    return `codecs: the addon ${path} cannot be loaded: ${messageOf(error)}`;
  }
}

/** The addon's byte reversal; undefined if there is no addon. */
export function nativeTurning(): Turning | undefined {
  const addon = codecAddon(undefined);
  return typeof addon === 'string' ? undefined : addon;
}

/** The codecs of a loaded addon. */
export function nativeCodecs(addon: CodecAddon): Codecs {
  /** Where chunks are packed; new memory of megabytes for each would cost as much as packing it. */
  let packing = new Uint8Array(0);
  return {
    backend: 'native',
    deflate,
    zstd,
    async decode({ codec, elementBytes = 1, parameter = 0 }: Codec, input, output) {
      try {
        const now = output.length < minForThread;
        await addon.codecDecode(dataEnums.Codec[codec], elementBytes, parameter, input, output, now);
      } catch (error) {
        throw addonError(error);
      }
    },
    async encode({ codec, elementBytes = 1, parameter = 0 }: Codec, input) {
      const number = dataEnums.Codec[codec];
      const bound = Math.max(1, addon.codecBound(number, elementBytes, parameter, input.length));
      if (packing.length < bound) packing = new Uint8Array(bound);
      try {
        const out = packing.subarray(0, bound);
        return out.slice(0, addon.codecEncode(number, elementBytes, parameter, input, out));
      } catch (error) {
        throw addonError(error);
      }
    },
    wordConverter: ({ pedestals, factors, stages }) => ({
      convert: (words, out) => addon.convertWords(words, pedestals, factors, stages, out),
      release: () => undefined,
    }),
    fletcher32: (bytes) => addon.fletcher32(bytes),
    dispose: async () => undefined,
  };
}

/** Node has it from 22.15 on. */
const zstd = (zlib as { readonly zstdCompressSync?: (input: Uint8Array) => Uint8Array }).zstdCompressSync;

function deflate(input: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    zlib.deflate(input, (error, bytes) => (error ? reject(error) : resolve(new Uint8Array(bytes))));
  });
}
