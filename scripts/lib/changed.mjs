// The rooms that differ from a commit, and the rooms that import them: what `npm test -- --changed` tests; and what the
// sources are, as one word.
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { filesUnder, hashOf } from './files.mjs';
import { roomOfWing, rooms, testsOf } from './rooms.mjs';
import { root, run } from './run.mjs';

async function git(...args) {
  const { code, output } = await run('git', args, { cwd: root, apart: true });
  return code === 0 ? output.trim() : undefined;
}

/** A word for the commit and what differs from it; undefined without git. */
export async function stateOfSources() {
  const parts = [await git('rev-parse', 'HEAD'), await git('diff', 'HEAD'), await git('status', '--porcelain')];
  return parts.includes(undefined) ? undefined : hashOf([], parts);
}

/** The commit to compare with: the one given, where this branch left its upstream, or the latest commit. */
async function landed(given) {
  if (given !== undefined) {
    if ((await git('rev-parse', '--verify', '--quiet', `${given}^{commit}`)) === undefined)
      throw new Error(`--changed: there is no commit ${given}`);
    return given;
  }
  for (const branch of ['@{upstream}', 'origin/main', 'origin/HEAD']) {
    const base = await git('merge-base', 'HEAD', branch);
    if (base) return base;
  }
  return 'HEAD';
}

/** The room of a path: `src/pi/pi.ts`, `cpp/pi/pi.cpp` and `test/pi/pi.test.ts` are of `pi`. */
function roomOf(path) {
  const [top, name, ...more] = path.split('/');
  if (top === 'src') {
    return rooms.includes(name) ? name : undefined;
  }
  if (['cpp', 'cuda', 'wgsl', 'test'].includes(top) && more.length > 0) return roomOfWing(name);
  return undefined;
}

/** By the name of a room, the rooms that import it directly. */
function importers() {
  const users = new Map();
  for (const file of filesUnder('src', (path) => path.endsWith('.ts'))) {
    const user = roomOf(file);
    for (const [, target] of readFileSync(posix.join(root, file), 'utf8').matchAll(/from '(\.[^']+)'/g)) {
      const used = roomOf(posix.join(posix.dirname(file), target));
      if (used !== undefined && user !== undefined && used !== user)
        users.set(used, (users.get(used) ?? new Set()).add(user));
    }
  }
  return users;
}

/** The commit that was compared, and the rooms to test. */
export async function changedRooms(given) {
  const since = await landed(given);
  const [tracked = '', untracked = ''] = await Promise.all([
    git('diff', '--name-only', since),
    git('ls-files', '--others', '--exclude-standard'),
  ]);
  const differ = new Set(`${tracked}\n${untracked}`.split('\n').map(roomOf).filter(Boolean));
  const users = importers();
  const changed = new Set([...differ].flatMap((room) => [room, ...(users.get(room) ?? [])]));
  // The shell imports the package by its entries, and prints messages, flags and tables of every room.
  if (changed.has('entries')) changed.add('cli');
  return { since: since.slice(0, 12), changed: [...changed].flatMap(testsOf).sort() };
}
