// The rooms of src: its folders.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

export const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

/** The folders of test/, cpp/, cuda/ and wgsl/ that belong to a room of another name. */
const wings = {
  compute: ['arrays', 'backends', 'context', 'common'],
  parallel: ['mpi'],
};

/** Rooms that have no folder of tests: those of the rooms that show most of what they do. */
const testedWith = {
  util: ['hostile'],
  bytes: ['frames'],
  hdf5: ['frames'],
  options: ['cli'],
  refinement: ['pipeline'],
  report: ['pipeline'],
  server: ['live', 'pages'],
  validate: ['context', 'arrays'],
  entries: ['context'],
};

/** The folders of test/ in which a room is tested. */
export const testsOf = (room) => [room, ...(wings[room] ?? []), ...(testedWith[room] ?? [])];
/** The room of a folder of another wing. */
export const roomOfWing = (name) => Object.keys(wings).find((room) => wings[room].includes(name)) ?? name;
