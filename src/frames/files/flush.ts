/** Flushes files to disk: NFS reports an exhausted quota or a full disk only at this point. */
import { type FileHandle, open } from 'node:fs/promises';

/** Flushes a file. Throws the system's error, unless the file system does not support flushing. */
export async function flush(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOSYS', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Flushes a folder, so that a new name survives a power cut. The file itself is already safe: failures are ignored. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
