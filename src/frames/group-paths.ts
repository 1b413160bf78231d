/** CrystFEL's paths such as `/%/data`, in which `%` stands for the groups of events. */

/** Whether a path has a part that stands for any group. */
export const isOfGroups = (path: string): boolean => path.split('/').includes('%');

/** A path with the names of a frame's groups in the places of the `%`. */
export function inGroups(path: string, names: readonly string[] | undefined): string {
  if (!names || !isOfGroups(path)) return path;
  let i = 0;
  return path
    .split('/')
    .map((part) => (part === '%' ? (names[i++] ?? part) : part))
    .join('/');
}

/** The events of a group, as CrystFEL names them; `frames` is undefined for one frame without an axis of its own. */
export const eventsInGroup = (names: readonly string[], frames: number | undefined): string[] =>
  frames === undefined
    ? [`${names.join('/')}//`]
    : Array.from({ length: frames }, (_, i) => `${names.join('/')}//${i}`);

/** The position of a frame among those of its groups. */
export const indexInGroup = (groups: readonly (readonly string[])[], frame: number): number =>
  frame - groups.indexOf(groups[frame] as readonly string[]);
