// Which sources an addon for another machine was built from. It cannot be loaded here, and nothing rebuilds it when the
// sources change, so scripts/build-native.mjs leaves a stamp, without which scripts/packages/stage.mjs does not pack
// the addon.
import { filesUnder, hashOf, readStamp, writeStamp } from '../lib/files.mjs';

/** A hash of the sources of the addon as they are now. */
export const hashOfAddonSources = () =>
  hashOf([...filesUnder('cpp', (file) => !file.startsWith('cpp/mpi/')), 'CMakeLists.txt']);

const nameOf = (target) => `native-${target}`;

/** Records that `file`, the addon for `target`, was built from the sources with the hash `inputs`. */
export const stampAddon = (target, file, inputs) => writeStamp(nameOf(target), { inputs, outputs: hashOf([file]) });

/** Whether `file` is the addon for `target` and was built from the sources as they are now. */
export function isCurrentAddon(target, file) {
  const stamp = readStamp(nameOf(target));
  return stamp?.inputs === hashOfAddonSources() && stamp.outputs === hashOf([file]);
}
