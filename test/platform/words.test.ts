// @module-tag house: names.
/** No comment, message or README names a file or an identifier that does not exist. */
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeWords, commentLines, files, type Line, texts } from './words/prose.js';

const placed = ({ file, number, text }: Line, why: string): string =>
  `${file}:${number}: ${why}: ${text.trim().slice(0, 160)}`;

/** Placeholders: NAME.ts, src/ROOM/x.ts. */
const isPlaceholder = (name: string): boolean => /[A-Z]{3,}|node_modules/.test(name.replace('README', ''));
/** Files of C libraries and of users that appear in examples, and one that the build writes. */
const foreign = new Set(['d.ts', '-loader.ts', 'zlib.ts', 'zlib.h', 'zstd_errors.h', 'codecs/zstd-module.ts']);
/** Headers of C libraries, in the pages on calling them. */
const isHeader = (file: string, path: string): boolean =>
  path.endsWith('.h') && /c-libraries\.md$|^(src|test|benchmarks)\/ffi\//.test(file);

/** Identifiers of examples, and of Node. */
const examples = new Set(['radixP', 'drawOn', 'framesToGo', 'pictureHtml', 'xY', 'transferList']);

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
      // The changelog names what is gone, too.
      if (line.file === 'CHANGELOG.md') continue;
      for (const [path] of line.text.matchAll(
        /(?<![\w/.@-])(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|mts|mjs|cpp|cu|cuh|wgsl|h)\b(?![\w/]|\.\w)/g,
      )) {
        if (!isPlaceholder(path) && !foreign.has(path) && !isHeader(line.file, path) && !exists(line.file, path))
          stale.push(placed(line, path));
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
      if (line.file === 'CHANGELOG.md') continue;
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
