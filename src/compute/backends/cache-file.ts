/** Small files that are kept between processes, in ~/.cache/ewald or $XDG_CACHE_HOME/ewald. Node only. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DeviceNumbers, isDeviceNumbers, type KeptNumbers } from './device-numbers.js';
import { homeFolder } from './system.js';

/** The path of a kept file; undefined without a home folder. */
export function cachePath(name: string): string | undefined {
  const home = homeFolder();
  const cache = process.env.XDG_CACHE_HOME || (home && join(home, '.cache'));
  return cache ? join(cache, 'ewald', name) : undefined;
}

/** Writes a kept file as a whole; a folder that cannot be written costs repeated work, nothing else. */
export function keepFile(path: string, text: string): void {
  try {
    // One by one: a recursive mkdir never returns where an automounter refuses a home folder
    // (src/frames/files/folders.ts).
    for (const folder of [join(path, '../..'), join(path, '..')]) if (!existsSync(folder)) mkdirSync(folder);
    writeFileSync(`${path}.${process.pid}`, text);
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // Not writable.
  }
}

const pathOf = (key: string): string | undefined =>
  cachePath(`device-${createHash('sha256').update(key).digest('hex').slice(0, 24)}.json`);

/** The numbers of devices in files, one for each device and driver. A device without its file is measured again. */
export const numbersInFiles: KeptNumbers = {
  read(key) {
    try {
      const path = pathOf(key);
      const kept = path && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
      return kept?.device === key && isDeviceNumbers(kept.numbers) ? kept.numbers : undefined;
    } catch {
      return undefined;
    }
  },
  write(key: string, numbers: DeviceNumbers) {
    try {
      const path = pathOf(key);
      if (path) keepFile(path, `${JSON.stringify({ device: key, numbers }, undefined, 1)}\n`);
    } catch {
      // Deno without --allow-env.
    }
  },
};
