// Libraries of the system: the installed ones, or files from a Debian package that is downloaded but not installed.
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run, which } from '../../lib/run.mjs';
import { cache } from './cache.mjs';

const folders = ['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib'];

/** Path of a library, or the reason why it is unavailable. */
export async function systemLibrary(name, debianPackage) {
  const installed = folders.map((folder) => join(folder, name)).find(existsSync);
  if (installed) return { path: realpathSync(installed) };
  const to = join(cache, debianPackage);
  const unpacked = () => folders.map((folder) => join(to, folder, name)).find(existsSync);
  if (!unpacked()) {
    if (!which('apt-get') || !which('dpkg'))
      return { why: `${name} is not installed, and this is no Debian that could fetch ${debianPackage}` };
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    const fetched = await run('apt-get', ['download', '-q', debianPackage], { cwd: to, minutes: 2 });
    const file = readdirSync(to).find((entry) => entry.endsWith('.deb'));
    if (!file)
      return {
        why:
          `${name} is not installed, and apt-get download ${debianPackage} failed ` +
          `(${fetched.output.trim().split('\n').at(-1)}); apt-get install ${debianPackage}`,
      };
    await run('dpkg', ['-x', file, '.'], { cwd: to });
  }
  const path = unpacked();
  return path ? { path: realpathSync(path) } : { why: `${debianPackage} holds no ${name}` };
}
