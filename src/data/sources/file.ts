/** A file of the disk as a source, for Node. */
import { close, fstat, open, read } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';
import { EwaldError, messageOf } from '../../errors.js';
import { checkSignal } from '../../options.js';
import {
  absentFile,
  type ByteSource,
  partsInside,
  type ReadOptions,
  type SiblingOptions,
  target,
} from '../byte-source.js';

// The callback functions under promisify: a FileHandle's read costs some 10 µs more a call.
const [openFile, statFile, closeFile] = [promisify(open), promisify(fstat), promisify(close)];
const readFile = promisify(read) as unknown as (
  fd: number,
  into: Uint8Array,
  at: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>;

/** Linux reads no more than this in one call. */
const mostBytes = 2 ** 30;

/** Opens a file. Throws `File` where it is absent, a folder, or refused by the system. */
export async function fileSource(path: string): Promise<ByteSource> {
  let fd: number;
  try {
    fd = await openFile(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw absentFile(path, `at ${resolve(path)}`, cause);
    throw new EwaldError('File', `${path} cannot be opened (${messageOf(cause)})`, { cause, detail: { path } });
  }
  const stat = await statFile(fd);
  if (!stat.isFile()) {
    await closeFile(fd);
    throw new EwaldError('File', `${path} is a ${stat.isDirectory() ? 'folder' : 'device'}; needed is a file`, {
      detail: { path },
    });
  }
  let flying = 0;
  let closed: Promise<void> | undefined;
  let landed: (() => void) | undefined;
  const source: ByteSource = {
    name: path,
    path: resolve(path),
    size: stat.size,
    async read(offset: number, into: number | Uint8Array, { signal }: ReadOptions = {}) {
      if (closed) throw new EwaldError('Disposed', `${path} was closed; open it again`, { detail: { path } });
      checkSignal(signal);
      const out = target(source, offset, into);
      flying++;
      try {
        for (let done = 0; done < out.byteLength; ) {
          const length = Math.min(mostBytes, out.byteLength - done);
          const { bytesRead } = await readFile(fd, out, done, length, offset + done);
          if (bytesRead === 0)
            throw new EwaldError('File', `${path} was cut short while it was read: nothing at byte ${offset + done}`, {
              detail: { path },
            });
          done += bytesRead;
          checkSignal(signal);
        }
      } catch (cause) {
        if (cause instanceof EwaldError) throw cause;
        throw new EwaldError('File', `${path} cannot be read (${messageOf(cause)})`, { cause, detail: { path } });
      } finally {
        flying--;
        if (flying === 0) landed?.();
      }
      return out;
    },
    async sibling(wanted: string, options: SiblingOptions = {}) {
      partsInside(path, wanted, options);
      return fileSource(isAbsolute(wanted) ? wanted : resolve(dirname(path), wanted));
    },
    close() {
      closed ??= (async () => {
        if (flying > 0)
          await new Promise<void>((resolve) => {
            landed = resolve;
          });
        await closeFile(fd);
      })();
      return closed;
    },
  };
  return source;
}
