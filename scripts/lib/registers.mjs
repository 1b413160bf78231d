// The registers of the rooms: lists of imports, one for each purpose, so that nothing loads more than it needs. A room
// is registered by the names of its files and by its place in the table of src/README.md.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { filesUnder, writeWhole } from './files.mjs';
import { shelvesOf } from './house.mjs';
import { rooms } from './rooms.mjs';
import { root } from './run.mjs';

const textOf = (file) => readFileSync(join(root, 'src', file), 'utf8');

/** All rooms in the order of src/README.md, from the bottom to the top. */
function inOrder() {
  const listed = shelvesOf(textOf('README.md')).flatMap(({ folders }) =>
    folders.flatMap(({ name, rooms }) => (rooms.length > 0 ? rooms.map((room) => `${name}/${room}`) : [name])),
  );
  const wrong = [...rooms, ...listed].find((room) => !rooms.includes(room) || !listed.includes(room));
  if (wrong) throw new Error(`src/${wrong}: the table in src/README.md and the folders of src do not agree on it`);
  return listed;
}

/** Folders that use the registers and are not in them. */
const users = /^(?:executors|whole|entries|apps)\b/;

/** Reads the folder of a room, and what its files export. */
class RoomFiles {
  constructor(path) {
    this.path = path;
    this.name = basename(path);
    this.files = filesUnder(`src/${path}`).map((file) => file.slice('src/'.length));
  }

  /** The file of the room with this name, or undefined. */
  file(name) {
    return this.files.find((file) => basename(file) === name);
  }

  /** The import of one file and what a pattern finds in it; the empty list if the room has no such file. */
  exported(name, pattern) {
    const file = this.file(name);
    if (!file) return [];
    const found = pattern.exec(textOf(file))?.[1];
    if (!found) throw new Error(`src/${file} exports nothing of the form ${pattern}`);
    return [{ file, found, room: this.name }];
  }
}

const notice = 'Written by `npm run layout` from the names of the files of the rooms; do not edit.';

/** A module at `path` of src: what it is for, its imports (of files of src) and its code. */
function moduleText(path, about, imports, code) {
  const lines = imports
    .map(([names, file]) => {
      const from = posix.relative(posix.dirname(path), file.replace(/\.ts$/, '.js'));
      return [from.startsWith('.') ? from : `./${from}`, names];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([from, names]) => `import ${names && `${names} from `}'${from}';\n`);
  return [path, `/** ${about} */\n/* ${notice} */\n${lines.join('')}${lines.length > 0 ? '\n' : ''}${code}\n`];
}

/** An expression that lists items, as the formatter writes it. */
function listed(head, items, tail) {
  const line = `${head}${items.join(', ')}${tail}`;
  return line.length <= 120 ? line : `${head}\n${items.map((item) => `  ${item},\n`).join('')}${tail}`;
}

function contextRooms(all) {
  const found = all.flatMap((room) =>
    room.exported('room.ts', /^export (?:const|function) (\w+Room)\b/m).map((one) => {
      const [methods] = room.exported('room.ts', /^export interface (\w+Methods)\b/m);
      return { ...one, methods: methods.found };
    }),
  );
  return moduleText(
    'whole/assembly/room-list.ts',
    'The rooms of a context, and their methods.',
    found.map(({ file, found, methods }) => [`{ type ${methods}, ${found} }`, file]),
    `export interface RoomMethods\n  extends ${found.map(({ methods }) => methods).join(',\n    ')} {}\n\n` +
      listed(
        'export const roomList = [',
        found.map(({ found }) => found),
        '] as const;',
      ),
  );
}

function nodeKernels(all) {
  const found = all.flatMap((room) => room.exported('kernels.node.ts', /^export const (nodeKernels)\b/m));
  return moduleText(
    'whole/assembly/kernels.node.ts',
    'Kernels of the backends that only Node has; native and cuda refuse a feature that is missing here.',
    [
      ['type { FurtherKernels }', 'core/backends/feature.ts'],
      ...found.map(({ file, room }) => [`{ nodeKernels as ${room} }`, file]),
    ],
    listed(
      'export const nodeKernels: readonly FurtherKernels[] = [',
      found.map(({ room }) => `...${room}`),
      '];',
    ),
  );
}

function servedRooms(all) {
  const found = all.flatMap((room) => room.exported('served.ts', /^export (?:const|function) (serve\w+)\b/m));
  const calls = all.flatMap((room) => room.file('calls.ts') ?? []);
  return [
    moduleText(
      'whole/assembly/served.ts',
      'How a worker answers the calls of each room.',
      found.map(({ file, found }) => [`{ ${found} }`, file]),
      listed(
        'export const servedRooms = [',
        found.map(({ found }) => found),
        '] as const;',
      ),
    ),
    moduleText(
      'whole/assembly/public.worker.ts',
      'The types of the messages of `ewald/worker`.',
      calls.map((file) => ['', file]),
      "export type { WorkerCalls, WorkerReply, WorkerRequest } from '../../core/workers/messages.js';",
    ),
  ];
}

/** The modules of tasks: their names, and how each platform loads them. */
function taskModules(all) {
  const found = all.filter((room) => room.file('task.ts'));
  const loader = (room, file) => `  ${room.name}: () => import('../${file.replace(/\.ts$/, '.js')}'),\n`;
  const type = ['type { RegisteredModules }', 'executors/registered.ts'];
  const typed = (modules) => `export const tasks: RegisteredModules = {\n${modules.join('')}};`;
  const onNode = found.flatMap((room) => (room.file('task.node.ts') ? [loader(room, room.file('task.node.ts'))] : []));
  return [
    moduleText(
      'executors/registered-names.ts',
      'The rooms whose task.ts every worker knows by name.',
      [],
      listed(
        'export const registeredNames = [',
        found.map(({ name }) => `'${name}'`),
        '] as const;',
      ),
    ),
    moduleText(
      'entries/tasks.ts',
      'The task modules that every worker has, by their registered names.',
      [type],
      typed(found.map((room) => loader(room, room.file('task.ts')))),
    ),
    moduleText(
      'entries/tasks.node.ts',
      "The task modules on Node: those of tasks.ts, some of them with Node's versions.",
      [type, ['{ tasks as everywhere }', 'entries/tasks.ts']],
      typed(['  ...everywhere,\n', ...onNode]),
    ),
  ];
}

function caseTables(all) {
  const found = all.flatMap(({ name }) => {
    const file = `whole/validate/cases/${name}/table.ts`;
    if (!existsSync(join(root, 'src', file))) return [];
    return [{ file, found: /^export const (\w+Table): RoomTable/m.exec(textOf(file))[1] }];
  });
  return moduleText(
    'whole/validate/tables.ts',
    'The tables of the rooms that are validated.',
    [['type { RoomTable }', 'whole/validate/case.ts'], ...found.map(({ file, found }) => [`{ ${found} }`, file])],
    listed(
      'export const roomTables: readonly RoomTable[] = [',
      found.map(({ found }) => found),
      '];',
    ),
  );
}

/** The registers as [path, text], paths from the root of the repository. */
export function registers() {
  const all = inOrder().flatMap((path) => (users.test(path) ? [] : [new RoomFiles(path)]));
  return [contextRooms(all), nodeKernels(all), ...servedRooms(all), ...taskModules(all), caseTables(all)].map(
    ([path, text]) => [`src/${path}`, text],
  );
}

/** Writes the registers that are stale; returns their paths. */
export function writeRegisters() {
  const stale = registers().filter(([path, text]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  for (const [path, text] of stale) writeWhole(join(root, path), text);
  return stale.map(([path]) => path);
}
