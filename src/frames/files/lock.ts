/**
 * One writer per file: a lock file next to it names the writer, across processes and machines that share a disk.
 *
 * The lock is created by a hard link, which is atomic including its content, also on NFS; without support for links it
 * is created exclusively. It ends with its owner: a process on the same machine is looked up by its number and start
 * time, and a process on another machine counts as gone when it has not touched its lock for two minutes, by the clock
 * of the file system.
 *
 * Limits: programs other than ewald ignore it; an owner on another machine that was killed blocks the file for those two
 * minutes; containers with one host name that do not see each other's processes take each other for gone, of which the
 * one that wrote first is told when it confirms; and a file system that creates one name twice cannot have locks.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type FileHandle, link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import { identityOf } from '../../util/file-identity.js';
import { onExit } from './interrupt.js';
import { absent, hiddenBeside, temporaryBeside } from './names.js';

/** The name under which the owner of a lock writes its file; it must be known after the owner has been killed. */
const temporaryOf = (target: string, token: string): string => hiddenBeside(target, `${token.slice(0, 12)}.tmp`);

/**
 * Interval at which an owner touches its lock, and time after which an owner that cannot be looked up counts as gone.
 */
const beatMs = 10_000;
const goneMs = 120_000;

/** The writer of a file. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When it started to write, as ISO 8601. */
  readonly since: string;
  /** Start time of the process, in system ticks; empty if unknown. */
  readonly started: string;
  /** Unique to this lock. */
  readonly token: string;
}

/** The right to write a file. */
export interface Lock {
  /** The hidden name of the file while it is written; a process that takes over the lock removes it. */
  readonly temporary: string;
  /** Throws `File` if another process has taken over the file. */
  confirm(): Promise<void>;
  release(): Promise<void>;
}

const lockText = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    return '';
  }
};

/**
 * State and start time of a process on Linux: the 1st and 20th word after its name in brackets, which may contain
 * anything.
 */
function factsOf(pid: number | 'self'): { readonly state: string; readonly started: string } {
  const words = lockText(() => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '')).split(' ');
  return { state: words[0] ?? '', started: words[19] ?? '' };
}

function ownerHere(): Owner {
  return {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    started: factsOf('self').started,
    token: randomBytes(12).toString('hex'),
  };
}

/**
 * The content of a lock file, and how long ago it was touched by the clock of its file system; undefined if there is no
 * lock.
 */
interface LockOnDisk {
  readonly owner: Owner | undefined;
  readonly mtimeMs: number;
}

async function look(lock: string): Promise<LockOnDisk | undefined> {
  // Opening the file makes an NFS client ask the server; a plain stat may be answered from a cache.
  const handle = await open(lock, 'r').catch(absent);
  if (!handle) return undefined;
  try {
    const { mtimeMs } = await handle.stat();
    return { owner: ownerOf(await handle.readFile('utf8')), mtimeMs };
  } finally {
    await handle.close();
  }
}

function ownerOf(text: string): Owner | undefined {
  try {
    const { pid, host, since, started, token } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isInteger(pid) || typeof token !== 'string' || !/^[0-9a-f]{1,64}$/.test(token)) return undefined;
    return {
      pid: pid as number,
      token,
      host: String(host),
      since: String(since),
      started: String(started),
    };
  } catch {
    // Incomplete, or not written by ewald.
    return undefined;
  }
}

/** Whether the process of a lock still runs; undefined if it cannot be looked up from here. */
function runs({ pid, host, started }: Owner): boolean | undefined {
  if (host !== hostname()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const facts = factsOf(pid);
  // A zombie: its exit code has not been collected, which may take long in a container without an init process.
  if (facts.state === 'Z' || facts.state === 'X') return false;
  // Its number may have been reused by another process.
  return started === '' || facts.started === '' || facts.started === started;
}

const isGone = ({ owner, mtimeMs }: LockOnDisk, nowMs: number): boolean =>
  !((owner && runs(owner)) ?? nowMs - mtimeMs < goneMs);

/** "process 4711 on node07, since 2026-03-01 12:30:00 UTC". */
function ownerText(owner: Owner | undefined): string {
  if (!owner) return 'an unidentified process';
  if (owner.pid === process.pid && runs(owner)) return 'this process';
  return `process ${owner.pid} on ${owner.host}, since ${owner.since.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}`;
}

function taken(file: string, lock: string, { owner, mtimeMs }: LockOnDisk, nowMs: number): EwaldError {
  const silentS = Math.max(0, Math.round((nowMs - mtimeMs) / 1000));
  const away =
    owner && runs(owner)
      ? ''
      : `; it was last seen ${silentS} s ago and is considered gone after ${goneMs / 1000} s. If you know that it has ` +
        `ended, remove ${lock}`;
  return new EwaldError(
    'File',
    `${file} is being written by ${ownerText(owner)}; wait for it, or choose another name${away}`,
    {
      detail: { path: file, lock, ...(owner && { pid: owner.pid, host: owner.host, since: owner.since }) },
    },
  );
}

/** Creates a file that must not exist, atomically with its content. */
async function createExclusively(candidate: string, name: string, content: string): Promise<boolean> {
  try {
    await link(candidate, name);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // An NFS reply may be lost and the request repeated: the link count shows whether our request succeeded.
    if (code === 'EEXIST') return (await stat(candidate)).nlink > 1 && (await sameFile(candidate, name));
    if (code === 'ENOENT') throw error;
  }
  let handle: FileHandle;
  try {
    handle = await open(name, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
  return true;
}

async function sameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((name) => stat(name, { bigint: true }).catch(absent)));
  return a !== undefined && b !== undefined && identityOf(a) === identityOf(b);
}

/**
 * Throws `File` while another process writes the file. This is only a check: the state may change immediately
 * afterwards.
 */
export async function refuseLocked(file: string, target: string): Promise<void> {
  const lock = hiddenBeside(target, 'lock');
  const onDisk = await look(lock);
  const now = Date.now();
  if (onDisk && !isGone(onDisk, now)) throw taken(file, lock, onDisk, now);
}

/**
 * Acquires the right to write `target`, which messages call `file`.
 *
 * Throws `File` naming the current writer, or the system's error if no lock can be created.
 */
export async function lockFile(file: string, target: string): Promise<Lock> {
  const lock = hiddenBeside(target, 'lock');
  const owner = ownerHere();
  const content = `${JSON.stringify({ writer: 'ewald', ...owner })}\n`;
  const candidate = temporaryBeside(target, 'lock');
  const forgetCandidate = onExit(candidate);
  try {
    const handle = await open(candidate, 'wx');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    for (let tries = 0; ; tries++) {
      if (await createExclusively(candidate, lock, content)) break;
      const onDisk = await look(lock);
      // It was released in the meantime.
      if (!onDisk && tries < 100) continue;
      if (!onDisk) throw fileError(file, 'written', Object.assign(new Error(), { code: 'EBUSY' }));
      const now = (await stat(candidate)).mtimeMs + (Date.now() - Date.parse(owner.since));
      if (tries > 20 || !isGone(onDisk, now)) throw taken(file, lock, onDisk, now);
      if (await takeOver(candidate, target, content, onDisk)) break;
      await wait(20);
    }
  } finally {
    await rm(candidate, { force: true });
    forgetCandidate();
  }
  await removeCandidates(target).catch(() => undefined);
  return new HeldLock(file, target, owner, content);
}

/**
 * Replaces the lock of an owner that is gone, and removes the file that it was writing.
 *
 * If several processes try at once, one succeeds: only one can create the guard of that owner's token, and it checks
 * again before it replaces the lock.
 */
async function takeOver(candidate: string, target: string, content: string, gone: LockOnDisk): Promise<boolean> {
  const lock = hiddenBeside(target, 'lock');
  const guard = `${lock}.${gone.owner?.token.slice(0, 24) ?? 'unnamed'}`;
  if (!(await createExclusively(candidate, guard, content))) {
    // Its holder keeps it for milliseconds, or was killed in between.
    const held = await look(guard);
    if (held && isGone(held, Date.now())) await rm(guard, { force: true });
    return false;
  }
  try {
    const now = await look(lock);
    if (now?.owner?.token !== gone.owner?.token || now?.mtimeMs !== gone.mtimeMs) return false;
    if (gone.owner) await removeRemains(temporaryOf(target, gone.owner.token));
    const fresh = `${guard}.new`;
    // What a killed process has left, or a link, is not written through.
    await rm(fresh, { force: true });
    const handle = await open(fresh, 'wx');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    await rename(fresh, lock);
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** Removes the locks of processes that were killed before theirs had its name; a failure leaves them, and concerns nobody. */
async function removeCandidates(target: string): Promise<void> {
  const [folder, begin] = [dirname(target), basename(hiddenBeside(target, ''))];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(begin) || !/^[0-9a-f]{12}\.lock$/.test(name.slice(begin.length))) continue;
    const found = await look(join(folder, name));
    // One without an owner is being written, or was until its process was killed.
    if (found && isGone(found, Date.now())) await rm(join(folder, name), { force: true });
  }
}

/** Removes what a killed owner was writing; a failure leaves it, and concerns nobody. */
async function removeRemains(temporary: string): Promise<void> {
  await rm(temporary, { force: true }).catch(() => undefined);
}

class HeldLock implements Lock {
  readonly temporary: string;
  readonly #file: string;
  readonly #lock: string;
  readonly #owner: Owner;
  readonly #content: string;
  readonly #forget: () => void;
  readonly #timer: NodeJS.Timeout;
  #held = true;

  constructor(file: string, target: string, owner: Owner, content: string) {
    const lock = hiddenBeside(target, 'lock');
    this.temporary = temporaryOf(target, owner.token);
    this.#file = file;
    this.#lock = lock;
    this.#owner = owner;
    this.#content = content;
    this.#forget = onExit(lock);
    this.#timer = setInterval(() => void this.#heartbeat().catch(() => undefined), beatMs);
    this.#timer.unref();
  }

  async confirm(): Promise<void> {
    const onDisk = await look(this.#lock);
    if (onDisk?.owner?.token === this.#owner.token) return;
    // The lock belongs to another process by now, so it must not be removed at the end.
    this.#end();
    throw new EwaldError(
      'File',
      `${this.#file} was taken over by ${onDisk ? ownerText(onDisk.owner) : 'another process, which has finished it'}`,
      { detail: { path: this.#file } },
    );
  }

  async release(): Promise<void> {
    if (!this.#held) return;
    this.#end();
    const found = await readFile(this.#lock, 'utf8').catch(() => '');
    if (ownerOf(found)?.token === this.#owner.token) await rm(this.#lock, { force: true });
  }

  #end(): void {
    this.#held = false;
    clearInterval(this.#timer);
    this.#forget();
  }

  /** Rewritten, so that the file server sets the time. */
  async #heartbeat(): Promise<void> {
    const handle = await open(this.#lock, 'r+');
    try {
      if (ownerOf(await handle.readFile('utf8'))?.token !== this.#owner.token) return;
      await handle.write(this.#content, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
