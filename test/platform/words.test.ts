// @module-tag house: words and names.
/**
 * The style of comments, messages and READMEs: plain phrases, lines of at most 120 columns, and no quoted name that
 * does not exist. words/counts.json holds the remaining violations of each folder. A count may only fall: after fixing
 * some, run this file with EWALD_WORDS=write to lower the counts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './processes.js';
import { phrases } from './words/phrases.js';
import { allLines, codeWords, commentLines, files, folderOf, type Line, texts } from './words/prose.js';

const widest = 120;
const countsFile = join(root, 'test/platform/words/counts.json');
type Counts = Record<string, Record<string, number>>;

const placed = ({ file, number, text }: Line, why: string): string =>
  `${file}:${number}: ${why}: ${text.trim().slice(0, 160)}`;

/** Words that cannot be broken, such as URLs, may exceed the limit. */
const tooLong = ({ text }: Line): boolean => [...text].length > widest && /\S\s+\S/.test(text.trim().slice(0, widest));

const found: Record<string, Map<string, string[]>> = { phrases: new Map(), lines: new Map() };
const note = (kind: string, line: Line, why: string): void => {
  const folder = folderOf(line.file);
  const list = found[kind]?.get(folder) ?? [];
  found[kind]?.set(folder, [...list, placed(line, why)]);
};
for (const line of allLines()) {
  if (tooLong(line)) note('lines', line, `${[...line.text].length} columns`);
  for (const { pattern, better } of phrases) {
    const match = pattern.exec(line.text);
    if (match) note('phrases', line, `"${match[0]}", better: ${better}`);
  }
}

if (process.env.EWALD_WORDS === 'write') {
  const counts = Object.fromEntries(
    Object.entries(found).map(([kind, byFolder]) => [
      kind,
      Object.fromEntries([...byFolder].map(([folder, list]): [string, number] => [folder, list.length]).sort()),
    ]),
  );
  // Counts never increase: a new violation must be fixed.
  const before: Counts = JSON.parse(readFileSync(countsFile, 'utf8'));
  for (const [kind, byFolder] of Object.entries(counts)) {
    for (const [folder, count] of Object.entries(byFolder))
      byFolder[folder] = Math.min(count, before[kind]?.[folder] ?? 0);
  }
  writeFileSync(countsFile, `${JSON.stringify(counts, null, 2)}\n`);
}

const allowed: Counts = JSON.parse(readFileSync(countsFile, 'utf8'));

describe.for(Object.keys(found))('%s', (kind) => {
  const folders = [...new Set(files.map(folderOf))].filter((folder) => found[kind]?.has(folder));
  test('no folder has more than words/counts.json allows', () => {
    const above = folders.flatMap((folder) => {
      const list = found[kind]?.get(folder) ?? [];
      const limit = allowed[kind]?.[folder] ?? 0;
      return list.length > limit ? [`${folder} has ${list.length}, allowed are ${limit}:`, ...list] : [];
    });
    expect(above).toEqual([]);
  });
});

/** Placeholders: NAME.ts, src/ROOM/x.ts. */
const isPlaceholder = (name: string): boolean => /[A-Z]{3,}|node_modules/.test(name.replace('README', ''));
/** Files of C libraries and of users that appear in examples, and one that the build writes. */
const foreign = new Set(
  'pi.h zlib.h zstd_errors.h limits.h stdint.h stddef.h stdbool.h header.h d.ts codecs/zstd-module.ts'.split(' '),
);

/** Identifiers of examples, and those of which the changelog says that they are gone. */
const examples = new Set(['radixP', 'drawOn', 'framesToGo', 'pictureHtml']);

describe('quoted names', () => {
  test('files that comments and READMEs name exist', () => {
    const folders = new Set(files.map((file) => dirname(file)));
    const pathIn = /(?<![\w.@-])(?:src|test|cpp|cuda|wgsl|scripts|benchmarks|mpi)(?:\/[\w.-]+)+/g;
    /** Folders that a README refers to: its own, and the ones that it names by path. */
    const foldersIn = (file: string): string[] => [
      dirname(file),
      ...[...(texts.get(file) ?? '').matchAll(pathIn)].map(([path]) => path.replace(/\/[\w-]*\.[\w.]*$/, '')),
    ];
    const endsWith = (path: string) => files.filter((file) => `/${file}`.endsWith(`/${path}`));
    const exists = (from: string, path: string): boolean => {
      // A program that a guide asks its reader to save.
      if (texts.get(from)?.includes(`// Save as ${path}`)) return true;
      if (path.includes('/')) return files.includes(normalize(join(dirname(from), path))) || endsWith(path).length > 0;
      if (!from.endsWith('.md')) return endsWith(path).length > 0;
      const near = foldersIn(from);
      return endsWith(path).some((file) => !file.includes('/') || near.some((folder) => file.startsWith(`${folder}/`)));
    };
    const stale: string[] = [];
    for (const line of commentLines()) {
      for (const [path] of line.text.matchAll(
        /(?<![\w/.@-])(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|mts|mjs|cpp|cu|cuh|wgsl|h)\b(?![\w/]|\.\w)/g,
      )) {
        if (!isPlaceholder(path) && !foreign.has(path) && !exists(line.file, path)) stale.push(placed(line, path));
      }
      for (const [path] of line.text.matchAll(
        /(?<![\w/.@-])(?:src|test|cpp|cuda|wgsl|scripts|benchmarks)(?:\/[\w-]+)+(?![\w/.*-])/g,
      )) {
        const known = folders.has(path) || [...folders].some((folder) => folder.startsWith(`${path}/`));
        const isFile = files.some((file) => file.startsWith(`${path}.`));
        if (!isPlaceholder(path) && !known && !isFile) stale.push(placed(line, path));
      }
    }
    expect(stale).toEqual([]);
  });

  test('identifiers in backticks exist in the code', () => {
    const words = codeWords();
    const stale: string[] = [];
    for (const line of commentLines()) {
      for (const [, quoted] of line.text.matchAll(/`([^`]+)`/g)) {
        for (const [word] of (quoted ?? '').replaceAll(/\\[tnux]/g, ' ').matchAll(/(?<!\w)[a-z][A-Za-z\d]*(?!\w)/g)) {
          if (/[a-z][A-Z]/.test(word) && !words.has(word) && !examples.has(word)) stale.push(placed(line, word));
        }
      }
    }
    expect(stale).toEqual([]);
  });

  test('no file holds both sides of a merge', () => {
    const held = [...texts].flatMap(([file, text]) => (/^(<{7}|>{7}) /m.test(text) ? [file] : []));
    expect(held).toEqual([]);
  });

  test('no Markdown file has a paragraph twice', () => {
    const twice = [...texts].flatMap(([file, text]) => {
      const long = file.endsWith('.md')
        ? text.split(/\n\s*\n/).filter((one) => one.length > 100 && one[0] !== '|')
        : [];
      return long.flatMap((one, i) => (long.indexOf(one) < i ? [`${file}: ${one.slice(0, 60)}`] : []));
    });
    expect(twice).toEqual([]);
  });

  test('the files are read', () => {
    expect(texts.size).toBeGreaterThan(1000);
    expect(codeWords()).toContain('createContext');
  });
});
