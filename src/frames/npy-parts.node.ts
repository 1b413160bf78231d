/** Parts of .npy files: rows of an array read and written in place. */
import { type FileHandle, open } from 'node:fs/promises';
import { bytesOfArray } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import { fileError } from '../util/file-errors.js';
import { decodeNpy, isDirect, isSingle, type NpyArray, type NpyHeader, npyHeader, npyOffset } from './npy.js';

/** An open file of an array, in C or Fortran order. */
export interface NpyParts {
  readonly header: NpyHeader;
  /** Shape, dtype and whether it is complex, without the numbers. */
  readonly like: NpyArray;
  /** Reads bytes of the file unchanged, or numbers of any dtype in the array's precision. */
  read(into: Float32Array | Float64Array, at: number): Promise<void>;
  close(): Promise<void>;
}

/** Node reads and writes less than 2 GiB at a time. */
const most = 2 ** 30;

/** Opens a file to read parts of it. Throws `File`, `Format`. */
export async function openNpyParts(file: string): Promise<NpyParts> {
  if (file === '-') throw new EwaldError('Argument', 'standard input cannot be read in parts; pass the name of a file');
  const handle = await open(file).catch((cause) => {
    throw fileError(file, 'read', cause);
  });
  try {
    const { size } = await handle.stat();
    const first = new Uint8Array(Math.min(12, size));
    await readBytes(handle, first, 0, file);
    const head = new Uint8Array(Math.min(npyOffset(first, file), size));
    await readBytes(handle, head, 0, file);
    const header = npyHeader(head, size, file);
    const like = {
      shape: header.shape,
      complex: header.complex,
      data: isSingle(header) ? new Float32Array(0) : new Float64Array(0),
    };
    return {
      header,
      like,
      close: () => handle.close(),
      async read(into, at) {
        const where = header.offset + at * header.width;
        const same = into.BYTES_PER_ELEMENT === header.width;
        if (isDirect(header) && same)
          return readBytes(handle, new Uint8Array(into.buffer, into.byteOffset, into.byteLength), where, file);
        const raw = new Uint8Array(Math.min(into.length, 2 ** 20) * header.width);
        for (let done = 0; done < into.length; ) {
          const count = Math.min(2 ** 20, into.length - done);
          const bytes = raw.subarray(0, count * header.width);
          await readBytes(handle, bytes, where + done * header.width, file);
          decodeNpy(header, bytes, into, done, file);
          done += count;
        }
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readBytes(handle: FileHandle, into: Uint8Array, at: number, file: string): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle
      .read(into, done, Math.min(most, into.length - done), at + done)
      .catch((cause) => {
        throw fileError(file, 'read', cause);
      });
    if (bytesRead === 0) throw new EwaldError('Format', `${file} was truncated while it was being read`);
    done += bytesRead;
  }
}

/** Writes numbers at a byte offset of an open file. */
export async function writeNumbers(
  handle: FileHandle,
  numbers: Float32Array | Float64Array,
  at: number,
  file: string,
): Promise<void> {
  const bytes = bytesOfArray(numbers);
  for (let done = 0; done < bytes.length; ) {
    const count = Math.min(most, bytes.length - done);
    const { bytesWritten } = await handle.write(bytes, done, count, at + done).catch((cause) => {
      throw fileError(file, 'written', cause);
    });
    done += bytesWritten;
  }
}
