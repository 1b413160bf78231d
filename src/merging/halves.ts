/**
 * Determines the half of the data to which a frame belongs from its name, so that every process decides in the same
 * way.
 */

/** The half, 0 or 1. All crystals of a frame are in the same half, and the order of frames does not matter. */
export function halfOf(filename: string, event: string): 0 | 1 {
  // FNV-1a followed by a mixer: the lowest bit of FNV alone is the parity of the characters.
  let hash = 0x811c9dc5;
  for (const text of [filename.replace(/^.*[/\\]/, ''), '\n', event])
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) & 1) as 0 | 1;
}
