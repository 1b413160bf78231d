// The members of the contexts, with the first sentence of their docstrings, from the built declarations.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const rooms = [
  'compute/context/context ContextCore',
  'frames/detector/room DetectorMethods',
  'peaks/room PeaksMethods',
  'indexing/room IndexingMethods',
  'pipeline/room PipelineMethods',
  'merging/room MergingMethods',
  'fft/room FftMethods',
  'compute/arrays/room ArrayMethods',
  'pi/room PiMethods',
  'udf/room UdfMethods',
];

/** The members of an interface or a class of a declaration file: [{ name, doc }], once each. */
function membersOf(place) {
  const [file, name] = place.split(' ');
  const text = readFileSync(join(root, 'dist/types', `${file}.d.ts`), 'utf8');
  const begin = new RegExp(`^export (?:declare )?(?:interface|class) ${name}\\b`, 'm').exec(text);
  if (!begin) throw new Error(`${file}.d.ts has no ${name}`);
  const body = text.slice(begin.index, text.indexOf('\n}', begin.index));
  const members = new Map();
  const one = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^ {4}(?:readonly |get )?([a-z]\w*)(?=[(<:?])/gm;
  for (const [, doc, member] of body.matchAll(one))
    if (member !== 'constructor' && !members.has(member))
      members.set(member, doc?.replace(/^\s*\* ?/gm, '').trim() ?? '');
  return [...members].map(([member, doc]) => ({ name: member, doc }));
}

/** The docstrings of the functions that make analyses, which fields of the context are. */
function analysisDocs() {
  const folder = join(root, 'dist/types/stem/analyses');
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const one = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport declare (?:function|const) (\w+Analysis)\b/g;
  const found = texts.flatMap((text) => [...text.matchAll(one)]);
  return new Map(found.map(([, doc, name]) => [name.toLowerCase(), doc.replace(/^\s*\* ?/gm, '').trim()]));
}

/** The members of the context of ewald/udf. */
function scanMembers() {
  const docs = analysisDocs();
  return membersOf('stem/context UdfContext').map(({ name, doc }) => ({
    name,
    doc:
      doc ||
      (docs.get(name.replace(/^create|Fft(?=Analysis)/g, '').toLowerCase()) ??
        docs.get(name.slice(6).toLowerCase()) ??
        ''),
  }));
}

/** [{ context, members }] of the context of `createContext` and of that of ewald/udf. */
export const contextMembers = () => [
  { context: 'The context of `createContext`', members: rooms.flatMap(membersOf) },
  { context: 'The `Context` of ewald/udf', members: scanMembers() },
];
