/**
 * Loaded before a command (`--import`): a file system that stops answering, as NFS does.
 *
 * - While the file EWALD_AWAY exists, everything in the folder EWALD_MOUNT answers with the code that it contains.
 * - With EWALD_CLOSED, that file is made, with this code, when the first file of the folder is closed.
 * - With EWALD_LEAVES `open N CODE`, or `read N CODE`, it is made when a file of the folder is opened or read for the
 *   Nth time; ENOENT moves the folder away instead, to EWALD_AWAY. With a fourth word, `worker`, workers count.
 * - From read EWALD_STALE on, files in that folder that are open answer ESTALE; opened again, they can be read.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';

const { EWALD_AWAY: marker = '', EWALD_MOUNT: mount = '', EWALD_STALE: stale = 'Infinity' } = process.env;
let closed = process.env.EWALD_CLOSED;
const [what = '', nth = '', how = '', where = ''] = (process.env.EWALD_LEAVES ?? '').split(' ');
let calls = 0;
const { existsSync, readFileSync, writeFileSync } = fs;
const isInside = (path) => typeof path === 'string' && `${resolve(path)}/`.startsWith(`${resolve(mount)}/`);
const failure = (code, call) => Object.assign(new Error(`${code}: simulated, ${call}`), { code, syscall: call });
const awayFor = (path, call) => {
  if (how !== 'ENOENT' && isInside(path) && existsSync(marker)) return failure(readFileSync(marker, 'utf8'), call);
};

/** Removes the folder when it is time. */
function leave(call, path) {
  if (call !== what || !isInside(path) || (where !== 'worker') !== isMainThread || ++calls !== Number(nth)) return;
  // Another worker reaches that number later.
  if (existsSync(`${marker}.was`)) return;
  writeFileSync(`${marker}.was`, '');
  if (how === 'ENOENT') fs.renameSync(mount, marker);
  else writeFileSync(marker, how);
}

/** Paths of open files, and those whose descriptors are no longer valid. */
const paths = new Map();
const lost = new Set();
let reads = 0;
function readFault(fd) {
  if (!paths.has(fd)) return undefined;
  leave('read', paths.get(fd));
  if (++reads === Number(stale)) for (const one of paths.keys()) lost.add(one);
  return lost.has(fd) ? failure('ESTALE', 'read') : awayFor(paths.get(fd), 'read');
}

const { open, read, readv, close } = fs;
fs.open = (path, ...rest) => {
  const done = rest.at(-1);
  leave('open', path);
  const fault = awayFor(path, 'open');
  if (fault) return setImmediate(done, fault);
  return open(path, ...rest.slice(0, -1), (error, fd) => {
    if (!error && isInside(path)) paths.set(fd, path);
    done(error, fd);
  });
};
fs.close = (fd, ...rest) => {
  if (paths.delete(fd) && closed) {
    writeFileSync(marker, closed);
    closed = undefined;
  }
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
