/** The options of a run that correct frames while they are read. */

import type { RawOptions } from '../../frames/raw/corrected.js';
import { argumentError } from '../../options/parameters.js';

const rawNames = ['constants', 'energy', 'dark', 'gainMap'] as const;

/** The options of correction among others; undefined without any. */
export function rawOptionsOf(options: RawOptions): RawOptions | undefined {
  const { constants, energy, dark, gainMap } = options;
  if ([constants, energy, dark, gainMap].every((one) => one === undefined)) return undefined;
  return { constants, energy, dark, gainMap };
}

/** Throws `Argument` where frames are not opened from a file. */
export function refuseRaw(raw: RawOptions | undefined, frames: string): void {
  if (raw === undefined) return;
  const rawName = rawNames.find((name) => raw[name] !== undefined) ?? 'constants';
  throw argumentError(
    'pipeline',
    (said) =>
      `${said(rawName)} corrects frames while they are read from files; omit it for ${frames} (open them with it)`,
  );
}
