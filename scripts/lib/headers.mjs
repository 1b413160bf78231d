// Finds C and C++ headers and shared libraries.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a header is in a system folder or in CPLUS_INCLUDE_PATH. */
export function hasHeader(path) {
  const folders = [
    '/usr/include',
    '/usr/local/include',
    ...(process.env.CPLUS_INCLUDE_PATH ?? '').split(':').filter(Boolean),
  ];
  return folders.some((folder) => existsSync(join(folder, path)));
}

/** Whether the dynamic loader finds a shared library in the usual folders. */
export function hasLibrary(name) {
  const folders = [
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/lib64',
    '/usr/lib',
    '/usr/local/lib',
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean),
  ];
  return folders.some((folder) => existsSync(join(folder, name)));
}
