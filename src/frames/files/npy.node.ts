/** .npy files of any size: read directly into the array used for computation, and written from it. */
import { type FileHandle, open } from 'node:fs/promises';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import {
  decodeNpy,
  inCOrder,
  isDirect,
  type NpyArray,
  type NpyHeader,
  npyBytes,
  npyHead,
  npyHeader,
  npyNumbers,
  npyOffset,
  readNpy,
} from '../npy.js';
import { isPipe, isStandardInput } from './pieces.js';
import { inputName, readBytes } from './read.js';
import { openOutput, type WriteOptions } from './write.js';

// Node reads and writes less than 2 GiB at a time, and signals are served between two pieces.
const piece = 2 ** 24;

/**
 * Reads a .npy file, or standard input for `-`: bool, integers and floats as f32 or f64, whichever holds them, complex
 * numbers as pairs. Throws `File`, `Format`, `OutOfMemory`, `Aborted`.
 */
export async function readNpyFile(file: string, signal?: PlatformSignal): Promise<NpyArray> {
  if (isStandardInput(file) || (await isPipe(file))) return readNpy(await readBytes(file), inputName(file));
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { size } = await handle.stat();
    const first = await readAt(handle, 0, Math.min(12, size));
    const header = npyHeader(await readAt(handle, 0, Math.min(npyOffset(first, file), size)), size, file);
    const data = npyNumbers(header, file);
    await readNumbers(handle, header, data, file, signal);
    return { shape: header.shape, data: inCOrder(header, data), complex: header.complex };
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(file, 'read', cause);
  } finally {
    await handle?.close();
  }
}

async function readNumbers(
  handle: FileHandle,
  header: NpyHeader,
  data: Float32Array | Float64Array,
  file: string,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const bytes = header.numbers * header.width;
  for (let at = 0; at < bytes; at += piece) {
    checkSignal(signal);
    const count = Math.min(piece, bytes - at);
    if (isDirect(header)) await fill(handle, new Uint8Array(data.buffer, at, count), header.offset + at, file);
    else decodeNpy(header, await readAt(handle, header.offset + at, count, file), data, at / header.width, file);
  }
}

async function readAt(handle: FileHandle, at: number, count: number, file = ''): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  await fill(handle, bytes, at, file);
  return bytes;
}

async function fill(handle: FileHandle, bytes: Uint8Array, at: number, file: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, at + done);
    if (bytesRead === 0) throw new EwaldError('Format', `${file} was truncated while it was being read`);
    done += bytesRead;
  }
}

/**
 * Writes a complete .npy file, or to standard output for `-`. An existing file is only replaced with `force`. Throws
 * `File`, `Argument`, `Aborted`.
 */
export async function writeNpyFile(
  file: string,
  array: NpyArray,
  options: WriteOptions = {},
  signal?: PlatformSignal,
): Promise<void> {
  const output = await openOutput(file, { signal, ...options });
  try {
    await output.write(npyHead(array));
    const bytes = npyBytes(array);
    for (let at = 0; at < bytes.length; at += piece) {
      checkSignal(signal);
      await output.write(bytes.subarray(at, at + piece));
    }
    await output.close();
  } catch (error) {
    await output.discard();
    throw error;
  }
}
