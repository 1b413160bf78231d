// Finds C and C++ headers and libraries.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a header is in a folder of the system at `root`, or in CPLUS_INCLUDE_PATH. */
export function hasHeader(path, root = '/') {
  const folders = [
    join(root, 'usr/include'),
    join(root, 'usr/local/include'),
    ...(process.env.CPLUS_INCLUDE_PATH ?? '').split(':').filter(Boolean),
  ];
  return folders.some((folder) => existsSync(join(folder, path)));
}

/** Whether a library is in a folder of the system at `root`, or in LD_LIBRARY_PATH. */
export function hasLibrary(name, root = '/') {
  const folders = [
    join(root, 'usr/lib/x86_64-linux-gnu'),
    join(root, 'usr/lib/aarch64-linux-gnu'),
    join(root, 'usr/lib64'),
    join(root, 'usr/lib'),
    join(root, 'usr/local/lib'),
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean),
  ];
  return folders.some((folder) => existsSync(join(folder, name)));
}

/** Whether the emulator of CUDA can be built. Debian's package of all Boost headers does not contain the library. */
export const hasBoostContext = (root) =>
  hasHeader('boost/context/fiber.hpp', root) &&
  ['so', 'a'].some((kind) => hasLibrary(`libboost_context.${kind}`, root));
