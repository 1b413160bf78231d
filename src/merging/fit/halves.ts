/**
 * Divides the crystals of a merge into halves, or more groups. The division depends on the names of the frames alone, so that neither
 * the order of inputs nor the process matters.
 */
import type { Observations } from '../collection/observations.js';

/** A hash of 32 bits of a frame's file name, without its folders, and its event. */
function frameHash(filename: string, event: string): number {
  // FNV-1a followed by a mixer: the order of FNV alone would follow the last characters.
  let hash = 0x811c9dc5;
  for (const text of [filename.replace(/^.*[/\\]/, ''), '\n', event])
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The half, 0 or 1, of each selected crystal. Frames are dealt in the order of their hashes, which is a shuffle, each
 * to the half that has fewer crystals; those with several crystals come first, since all crystals of a frame are in one
 * half. The halves therefore differ by at most one crystal if there are enough frames with one.
 */
export const halvesOf = (observations: Observations, selected: Uint8Array): Uint8Array =>
  dealIntoGroups(observations, selected, 2);

/** The same with any number of groups. */
export function dealIntoGroups({ filenames, events }: Observations, selected: Uint8Array, groups: number): Uint8Array {
  const hashes = Uint32Array.from(filenames, (name, c) => frameHash(name, events[c] ?? ''));
  const crystalsOf = new Map<number, number>();
  for (const [c, hash] of hashes.entries())
    if (selected[c] === 1) crystalsOf.set(hash, (crystalsOf.get(hash) ?? 0) + 1);
  const framesWith = new Map<number, number[]>();
  for (const [hash, crystals] of crystalsOf) {
    const frames = framesWith.get(crystals);
    if (frames) frames.push(hash);
    else framesWith.set(crystals, [hash]);
  }
  const groupOfFrame = new Map<number, number>();
  const sizes = new Array<number>(groups).fill(0);
  for (const crystals of [...framesWith.keys()].sort((a, b) => b - a))
    for (const hash of Uint32Array.from(framesWith.get(crystals) ?? []).sort()) {
      const group = sizes.indexOf(Math.min(...sizes));
      sizes[group] = (sizes[group] as number) + crystals;
      groupOfFrame.set(hash, group);
    }
  return Uint8Array.from(hashes, (hash) => groupOfFrame.get(hash) ?? 0);
}
