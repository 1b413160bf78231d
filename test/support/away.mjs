/**
 * Loaded before a command (`--import`): a file system that stops answering, as NFS does.
 *
 * - While the file EWALD_AWAY exists, everything in the folder EWALD_MOUNT answers with the code that it contains.
 * - From read EWALD_STALE on, files in that folder that are open answer ESTALE; opened again, they can be read.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const { EWALD_AWAY: marker = '', EWALD_MOUNT: mount = '', EWALD_STALE: stale = 'Infinity' } = process.env;
const { existsSync, readFileSync } = fs;
const isInside = (path) => typeof path === 'string' && `${resolve(path)}/`.startsWith(`${resolve(mount)}/`);
const failure = (code, call) => Object.assign(new Error(`${code}: simulated, ${call}`), { code, syscall: call });
const awayFor = (path, call) => {
  if (isInside(path) && existsSync(marker)) return failure(readFileSync(marker, 'utf8'), call);
};

/** Paths of open files, and those whose descriptors are no longer valid. */
const paths = new Map();
const lost = new Set();
let reads = 0;
function readFault(fd) {
  if (!paths.has(fd)) return undefined;
  if (++reads === Number(stale)) for (const one of paths.keys()) lost.add(one);
  return lost.has(fd) ? failure('ESTALE', 'read') : awayFor(paths.get(fd), 'read');
}

const { open, read, readv, close } = fs;
fs.open = (path, ...rest) => {
  const done = rest.at(-1);
  const fault = awayFor(path, 'open');
  if (fault) return setImmediate(done, fault);
  return open(path, ...rest.slice(0, -1), (error, fd) => {
    if (!error && isInside(path)) paths.set(fd, path);
    done(error, fd);
  });
};
fs.close = (fd, ...rest) => {
  paths.delete(fd);
  lost.delete(fd);
  return close(fd, ...rest);
};
for (const [name, original] of Object.entries({ read, readv })) {
  const real = promisify(original);
  fs[name] = Object.assign((...words) => original(...words), {
    [promisify.custom]: async (fd, ...rest) => {
      const fault = readFault(fd);
      if (fault) throw fault;
      return real(fd, ...rest);
    },
  });
}
for (const name of ['stat', 'readdir']) {
  const real = fs.promises[name];
  fs.promises[name] = async (path, ...rest) => {
    const fault = awayFor(path, name);
    if (fault) throw fault;
    return real(path, ...rest);
  };
}
syncBuiltinESMExports();
