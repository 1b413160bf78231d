// Where C and C++ headers lie.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a header is where the system puts it, or where CPLUS_INCLUDE_PATH says. */
export function hasHeader(path) {
  const folders = ['/usr/include', '/usr/local/include', ...(process.env.CPLUS_INCLUDE_PATH ?? '').split(':').filter(Boolean)];
  return folders.some((folder) => existsSync(join(folder, path)));
}
