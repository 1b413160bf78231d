/**
 * Frames in groups: CrystFEL's paths such as `/%/data`, where each group that fits the `%` is an event. SACLA and LCLS
 * write such files.
 */

import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { type Hdf5File, Hdf5Group } from '../../hdf5/file.js';
import { EwaldError } from '../../util/errors.js';

/** Largest number of groups that are looked at for one path. */
const maxGroups = 1_000_000;

/** Numbers in names in their order: 2 before 10. */
const inNumbers = new Intl.Collator('en', { numeric: true });

/** An array of a group, and the names in the places of the `%`. */
export interface GroupArray {
  readonly names: readonly string[];
  readonly array: Hdf5Dataset;
}

/** The arrays at a path, in the order of their names; groups without one are passed over. */
export async function arraysInGroups(file: Hdf5File, path: string): Promise<GroupArray[]> {
  const found: GroupArray[] = [];
  let looked = 0;
  const walk = async (group: Hdf5Group, parts: readonly string[], names: readonly string[]): Promise<void> => {
    const [part, ...rest] = parts;
    const children = part === '%' ? [...group.links.keys()].sort(inNumbers.compare) : [part as string];
    for (const name of children) {
      if (looked++ >= maxGroups)
        throw new EwaldError('Limit', `${file.source.name}: ${path} fits more than ${maxGroups} groups`);
      if (file.files.pace.due) await file.files.pace.rest();
      if (!group.links.has(name)) continue;
      const object = await group.get(name);
      const all = part === '%' ? [...names, name] : names;
      if (rest.length === 0 && object instanceof Hdf5Dataset) found.push({ names: all, array: object });
      else if (rest.length > 0 && object instanceof Hdf5Group) await walk(object, rest, all);
    }
  };
  await walk(
    await file.root(),
    path.split('/').filter((part) => part !== ''),
    [],
  );
  return found;
}
