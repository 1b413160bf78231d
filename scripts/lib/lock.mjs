// A lock for building and installing, held by one process at a time: a folder made with mkdir, which is atomic, that
// contains the pid of the owner. The lock of a process that has ended is taken over.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { say } from './say.mjs';

/** Whether a process with this id is running. */
function runs(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The pid of the running owner of a lock; undefined without an owner. */
function ownerOf(path) {
  try {
    const pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
    return runs(pid) ? pid : undefined;
  } catch {
    // The folder was just made and has no pid yet, or its owner died in between: wait for five seconds.
    try {
      return Date.now() - statSync(path).mtimeMs < 5000 ? -1 : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Runs `work` while holding the lock at `path`. */
export async function withLock(path, who, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ; ) {
    try {
      mkdirSync(path);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(path);
    if (owner === undefined) {
      // Renaming is atomic: of several processes that find the lock abandoned, one moves it away and the others find it
      // gone.
      const aside = `${path}.${process.pid}`;
      try {
        renameSync(path, aside);
        rmSync(aside, { recursive: true, force: true });
      } catch {}
      continue;
    }
    if (!told && owner > 0) say(who, `waiting for process ${owner}, which is building`);
    told ||= owner > 0;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => rmSync(path, { recursive: true, force: true });
  const stop = (signal) => {
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    writeFileSync(join(path, 'pid'), String(process.pid));
    return await work();
  } finally {
    release();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
