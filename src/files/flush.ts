/** Flushing to the disk: only here does NFS report a quota that is used up, or a disk that is full. */
import { type FileHandle, open } from 'node:fs/promises';

/** Flushes a file. Throws what the system says, except where the file system cannot flush at all. */
export async function flush(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOSYS', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** A new name outlives a power cut once its folder is flushed. The file itself is safe by then: no failure is reported. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
