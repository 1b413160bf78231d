/** The corrections of `ewald run` from files: dark frame, gain map, and pixels that are left out. */
import { readShapedNpy } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';
import type { Scan } from '../entries/udf.node.js';
import type { RunFlags } from './run-rows.js';

/** Reads the files that are given; undefined without any. Throws `Argument` for values that no pixel can have. */
export async function correctionsOf(
  { dark, gain, excludedPixels }: RunFlags,
  { shape: { sig }, mask }: Scan,
  signal: AbortSignal,
) {
  if (dark === undefined && gain === undefined && excludedPixels === undefined) return undefined;
  const ofFrame = async (flag: string, file: string | undefined) =>
    file === undefined ? undefined : readShapedNpy(flag, file, sig, signal);
  const bad = await ofFrame('--excluded-pixels', excludedPixels);
  const excluded = bad && Uint8Array.from(bad, (value) => (value ? 1 : 0));
  const checked = async (flag: string, file: string | undefined, isPossible: (value: number) => boolean) => {
    const values = await ofFrame(flag, file);
    const at = values?.findIndex((value, i) => !isPossible(value) && !excluded?.[i] && !mask?.[i]) ?? -1;
    if (!values || at < 0) return values;
    const place = sig.map((length, axis) => Math.floor(at / sig.slice(axis + 1).reduce((a, b) => a * b, 1)) % length);
    throw new EwaldError(
      'Argument',
      `${flag}: ${file} is ${values[at]} at pixel (${place.join(', ')}), which spoils its value in all frames; ` +
        '--excluded-pixels leaves pixels out',
    );
  };
  return {
    dark: await checked('--dark', dark, Number.isFinite),
    gain: await checked('--gain-map', gain, (factor) => Number.isFinite(factor) && factor !== 0),
    excludedPixels: excluded,
  };
}
