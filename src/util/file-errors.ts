/** Reasons why the operating system refuses a file, as text: users see no error codes. */
import { EwaldError, isEwaldError, messageOf } from './errors.js';

const words: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'part of its path is a file, not a folder',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EEXIST: 'a file with this name already exists',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is exceeded',
  EFBIG: 'the file would be larger than the system allows',
  EMFILE: 'too many files are open in this process; raise the limit (ulimit -n), or use fewer files or workers at once',
  ENFILE: 'too many files are open on this machine',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'its name is too long',
  EIO: 'the device reported an input or output error',
  EBUSY: 'it is in use by another program',
  EPIPE: 'the reader closed the pipe',
  ENXIO: 'no program is at the other end',
  ETXTBSY: 'it is a program that is currently running',
  ESTALE: 'its file system was mounted anew, or its server has restarted',
  ENOTCONN: 'the server of its file system is not connected',
  ETIMEDOUT: 'the server of its file system does not answer',
};

/** What the system answers while a file system is away: a server that restarts, a cable or a disk that was pulled. */
const away = new Set(['EIO', 'ESTALE', 'ENOTCONN', 'ETIMEDOUT', 'EHOSTDOWN', 'EHOSTUNREACH']);

/** Whether a file could not be read because its file system does not answer, and may do so later. */
export function isAway(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause)
    if (away.has((one as { code?: string }).code ?? '')) return true;
  return false;
}

/** Whether something failed because of a file: it is missing, or cannot be read. */
export function isOfFile(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) if (isEwaldError(one, 'File')) return true;
  return isAway(error);
}

/**
 * Whether the system refused because too many files are open. Workers that fail to start only state it in their
 * message.
 */
export function tooManyFiles(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return (
    code === 'EMFILE' || code === 'ENFILE' || (code === 'ERR_WORKER_INIT_FAILED' && /E[MN]FILE/.test(`${message}`))
  );
}

/** Why the system refused, without the code and the path that Node adds; for other errors, the message itself. */
export function fileReason(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === 'ERR_WORKER_INIT_FAILED' && tooManyFiles(error)) return words.EMFILE as string;
  return (code && words[code]) ?? messageOf(error);
}

/** An error `File` that names the file once: "NAME cannot be read: there is no such file or folder". */
export function fileError(name: string, verb: 'read' | 'written' | 'made', cause: unknown): EwaldError {
  // What a callback threw meanwhile says nothing about the file.
  if (isEwaldError(cause) && cause.detail.threw === true) return cause;
  return new EwaldError('File', `${name} cannot be ${verb}: ${fileReason(cause)}`, { cause, detail: { path: name } });
}

/** What a path leads to if not to a regular file, in words. */
export const kindText = (found: { isDirectory(): boolean; isFIFO(): boolean; isSocket(): boolean }): string =>
  found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device';

/** The refusal of what is not a regular file. */
export const notAFile = (path: string, found: Parameters<typeof kindText>[0]): EwaldError =>
  new EwaldError('File', `${path} is ${kindText(found)}; expected a file`, { detail: { path } });
