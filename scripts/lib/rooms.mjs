// The rooms of src. A folder of src that holds sources is a room; any other is a group, and its folders are rooms.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const entriesOf = (path) => readdirSync(join(root, path), { withFileTypes: true });
const holdsSources = (path) => entriesOf(path).some((entry) => entry.isFile() && entry.name.endsWith('.ts'));
const foldersIn = (path) => entriesOf(path).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** The top folders of src and the rooms of each, by their paths in src: `core` has `pi`, `base` has `base`. */
export const groups = foldersIn('src').map((name) => ({
  name,
  rooms: holdsSources(`src/${name}`) ? [name] : foldersIn(`src/${name}`).map((room) => `${name}/${room}`),
}));

/** The paths in src of all rooms. */
export const rooms = groups.flatMap((group) => group.rooms);

const groupNames = groups.filter(({ name, rooms }) => rooms[0] !== name).map(({ name }) => name);
const leadingGroup = new RegExp(`^(?:${groupNames.join('|')})/`);

/** A path in src as the rooms know it, without the group: `pi/pi.ts` is `pi/pi.ts`. */
export const inRoom = (path) => path.replace(leadingGroup, '');
