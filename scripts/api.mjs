#!/usr/bin/env node
// Lists the values that each entry point exports, with the first sentence of their docstrings, in docs/api.md: `node
// scripts/api.mjs` after a build. test/scripts/api.test.ts compares the page with the build. The types and the rest of
// the docstrings are in the reference that `npm run docs` builds.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { contextMembers } from './lib/context-methods.mjs';
import { filesUnder } from './lib/files.mjs';
import { root } from './lib/run.mjs';

const page = 'docs/api.md';
const [begin, end] = ['<!-- api -->', '<!-- end of api -->'];

const texts = new Map();
const textOf = (file) => {
  if (!texts.has(file)) texts.set(file, existsSync(file) ? readFileSync(file, 'utf8') : '');
  return texts.get(file);
};
const target = (file, path) => join(dirname(file), path.replace(/\.js$/, '.d.ts'));

/** The declaration of an exported name with its docstring: follows re-exports; undefined if it is not found. */
function declarationOf(file, name, seen = new Set()) {
  if (seen.has(`${file} ${name}`)) return undefined;
  seen.add(`${file} ${name}`);
  const text = textOf(file);
  const kinds = 'const|let|function|class|enum|namespace';
  const own = new RegExp(
    `^(?:export )?(?:declare )?(?:abstract )?(?:${kinds}) ${name.replaceAll('$', '\\$')}\\b`,
    'm',
  ).exec(text);
  if (own) {
    // Overloads have one docstring, before the first of them.
    const before = text.slice(0, own.index).trimEnd();
    const doc = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/$/.exec(before)?.[1];
    return { file, doc: doc?.replace(/^\s*\* ?/gm, '').trim() };
  }
  for (const [, list, path] of text.matchAll(/^(?:export|import) (?:type )?\{([^}]*)\} from '([^']+)';/gm))
    for (const part of list.split(',')) {
      const [from, as = from] = part
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (as === name) return declarationOf(target(file, path), from, seen);
    }
  for (const [, list] of text.matchAll(/^export \{([^}]*)\};/gm))
    for (const part of list.split(',')) {
      const [from, as] = part.trim().split(' as ');
      if (as === name) return declarationOf(file, from, seen);
    }
  const whole = new RegExp(`^export \\* as ${name} from '([^']+)';`, 'm').exec(text);
  if (whole) {
    const other = target(file, whole[1]);
    const doc = /^\s*\/\*\*((?:(?!\*\/)[\s\S])*)\*\//.exec(textOf(other))?.[1];
    return { file: other, doc: doc?.replace(/^\s*\* ?/gm, '').trim() };
  }
  for (const [, path] of text.matchAll(/^export \* from '([^']+)';/gm)) {
    const found = declarationOf(target(file, path), name, seen);
    if (found) return found;
  }
  return undefined;
}

/** The first sentence of a docstring, on one line. */
export function firstSentence(doc) {
  const line = doc
    .split(/\n\s*\n|\n@/)[0]
    .replace(/\s+/g, ' ')
    .trim();
  const sentence = /^.*?[^.][.](?=\s|$)(?<!e\.g\.|i\.e\.)/.exec(line)?.[0] ?? line;
  return sentence.replaceAll('|', '\\|').replace(/\{@link (\w+)\}/g, '`$1`');
}

/** { entry, values: [{ name, doc }] } of every entry point; `doc` is undefined without a docstring. */
export async function publicValues() {
  const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lists = [];
  for (const [path, place] of Object.entries(entries)) {
    if (typeof place === 'string') continue;
    const conditions = typeof place.node === 'object' ? place.node : place;
    const script = typeof place.node === 'string' ? place.node : conditions.default;
    if (path === './worker') continue;
    const names = Object.keys(await import(pathToFileURL(join(root, script)).href)).sort();
    const values = names.map((name) => ({ name, doc: declarationOf(join(root, conditions.types), name)?.doc }));
    lists.push({ entry: path.replace('.', 'ewald'), values });
  }
  return lists;
}

/** Where public values are used, in the order in which a user meets them. */
const places = {
  guides: () => [
    'README.md',
    ...filesUnder('docs', (file) => file.endsWith('.md') && file !== page),
    ...filesUnder('src', (file) => file.endsWith('README.md')),
    ...filesUnder('examples', (file) => file.endsWith('README.md')),
  ],
  examples: () => filesUnder('examples', (file) => /\.(mjs|js|ts|html)$/.test(file)),
  programs: () => [
    ...filesUnder('src/cli'),
    ...filesUnder('src/pages', (file) => file.endsWith('.ts')),
    ...filesUnder('scripts', (file) => file.endsWith('.mjs')),
  ],
  benchmarks: () => filesUnder('benchmarks', (file) => /\.mjs$/.test(file) && !file.includes('node_modules')),
  tests: () => filesUnder('test', (file) => /\.(ts|mjs)$/.test(file) && !file.endsWith('/api.test.ts')),
};

/** The places that use each of the names: { name: [place] }. */
export function usesOf(names) {
  const uses = Object.fromEntries(names.map((name) => [name, []]));
  for (const [place, files] of Object.entries(places)) {
    const words = new Set(files().flatMap((file) => textOf(join(root, file)).match(/[A-Za-z_$][\w$]*/g) ?? []));
    for (const name of new Set(names)) if (words.has(name)) uses[name].push(place);
  }
  return uses;
}

/** The members of the contexts as Markdown. */
const contexts = () =>
  contextMembers().map(({ context, members }) => {
    const rows = members.map(({ name, doc }) => `| \`${name}\` | ${firstSentence(doc)} |`);
    return `## ${context}\n\n| member | what |\n|---|---|\n${rows.join('\n')}\n`;
  });

/** The lists, and the members of the contexts, as Markdown. */
export function reference(lists) {
  const documented = new Set();
  const values = lists.map(({ entry, values }) => {
    const rows = values.map(({ name, doc }) => {
      const again = documented.has(`${name} ${doc}`);
      documented.add(`${name} ${doc}`);
      return `| \`${name}\` | ${again ? 'see above' : firstSentence(doc ?? '')} |`;
    });
    return `## ${entry}\n\n| value | what |\n|---|---|\n${rows.join('\n')}\n`;
  });
  return [...values, ...contexts()].join('\n');
}

/** The text between the markers of the page. */
export function writtenReference() {
  const text = readFileSync(join(root, page), 'utf8');
  return text.slice(text.indexOf(begin) + begin.length, text.indexOf(end)).trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const lists = await publicValues();
  const text = readFileSync(join(root, page), 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks "${begin}" or "${end}"`);
  writeFileSync(join(root, page), `${text.slice(0, from)}${begin}\n${reference(lists)}${text.slice(to)}`);
  for (const { entry, values } of lists) {
    const without = values.filter(({ doc }) => !doc).map(({ name }) => name);
    console.log(
      `${entry}: ${values.length} values${without.length > 0 ? `, without a docstring: ${without.join(', ')}` : ''}`,
    );
  }
  process.exit(0);
}
