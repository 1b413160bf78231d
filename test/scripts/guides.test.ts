// @module-tag house: forms of guides.
/**
 * The README and the guides: what is pasted, what they state as output, where their links lead, and where their numbers
 * come from.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blocksOf, codeOf, missingLine, programsOf } from '../../scripts/guides/blocks.mjs';

const paths = ['README.md', ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))];
const pages = paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));

describe('blocks', () => {
  const fence = '```';
  const text = [
    '# A guide',
    ...['', `${fence}sh`, 'ewald a', fence, '', `${fence}text`, 'it prints', fence],
    ...['', '<!-- not pasted: needs a detector -->', '    ewald b', '    ewald c'],
    ...['', 'Words.', '', '    ewald d', ''],
    ...['- An item', '', '    that goes on.', '', `${fence}js`, 'f();', fence, `${fence}json`, '{}', fence],
  ].join('\n');

  test('are found in order, with their reasons', () => {
    expect(blocksOf(text).map(({ kind, code, reason, line }) => [kind, code, reason, line])).toEqual([
      ['sh', 'ewald a', undefined, 3],
      ['output', 'it prints', undefined, 7],
      ['aside', 'ewald b\newald c', 'needs a detector', 12],
      ['aside', 'ewald d', undefined, 17],
      ['js', 'f();', undefined, 23],
      ['data', '{}', undefined, 26],
    ]);
    expect(codeOf(blocksOf(text), 'sh', 'js')).toBe('ewald a\nf();');
  });

  test('with programs name the file of each, and say which continues another', () => {
    const js = (...lines: string[]): string => [`${fence}js`, ...lines, fence, ''].join('\n');
    const named = (text: string) => programsOf(blocksOf(text)).map(({ name, code }) => [name, code]);
    expect(named(js('// Save as a.mjs', 'f();') + js('// Save as b.mjs') + js('// Add to a.mjs', 'g();'))).toEqual([
      ['a.mjs', '// Save as a.mjs\nf();\n// Add to a.mjs\ng();'],
      ['b.mjs', '// Save as b.mjs'],
    ]);
    expect(() => named(js('f();'))).toThrow('line 1: the first line of a program is // Save as NAME.mjs');
    expect(() => named(js('// Add to a.mjs'))).toThrow('Add to a.mjs is wrong here');
    expect(() => named(js('// Save as a.mjs') + js('// Save as a.mjs'))).toThrow('Save as a.mjs is wrong here');
    for (const { text } of pages) programsOf(blocksOf(text));
  });

  test('of each guide begin with the installation, so that it can be pasted in an empty folder', () => {
    const pasted = pages.filter(({ text }) => blocksOf(text).some(({ kind }) => ['sh', 'js'].includes(kind)));
    expect(pasted.length).toBeGreaterThan(10);
    const first = (text: string): string => blocksOf(text).find(({ kind }) => ['sh', 'js'].includes(kind))?.code ?? '';
    expect(pasted.filter(({ text }) => !/^npm install ewald\b/.test(first(text))).map(({ path }) => path)).toEqual([]);
    // Node 20 runs no TypeScript.
    expect(pages.filter(({ text }) => /^```ts$/m.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('output is compared line by line', () => {
    expect(missingLine('a …\nc', 'a 12\nb\nc')).toBeUndefined();
    expect(missingLine('c\na', 'a\nb\nc')).toBe('a');
    expect(missingLine('a.c', 'abc')).toBe('a.c');
  });

  test('of the README and the guides that are not pasted state a reason', () => {
    const all = pages.flatMap(({ path, text }) => blocksOf(text).map((block) => ({ path, ...block })));
    expect(all.filter(({ kind }) => kind === 'sh').length).toBeGreaterThan(10);
    const silent = all.filter(({ kind, reason }) => kind === 'aside' && reason === undefined);
    expect(silent.map(({ path, line, code }) => `${path}:${line}: ${code}`)).toEqual([]);
  });
});

describe('links', () => {
  /** Targets of the links of a page, as paths in the repository. */
  const linksOf = (path: string): string[] =>
    [...readFileSync(path, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) =>
      posix.join(posix.dirname(path), target),
    );
  /** Pages with the fewest links that lead to them from a page. */
  const reachedFrom = (start: string): Map<string, number> => {
    const clicks = new Map([[start, 0]]);
    for (const [path, count] of clicks)
      if (path.endsWith('.md') && existsSync(path))
        for (const target of linksOf(path)) if (!clicks.has(target)) clicks.set(target, count + 1);
    return clicks;
  };
  const pinned = new Set(readFileSync('test/platform/pinned/packed-files.txt', 'utf8').split('\n'));
  const isPacked = (path: string): boolean => pinned.has(path) || /^src\/.*\/README\.md$/.test(path);

  test('that lead from the README to packed pages lead to packed files', () => {
    const reached = [...reachedFrom('README.md').keys()];
    expect(reached.length).toBeGreaterThan(50);
    expect(reached.filter((path) => !existsSync(path) || !isPacked(path))).toEqual([]);
  });

  test.for([
    ['Can I use it with my detector?', 'docs/detectors.md'],
    ['Is it right?', 'docs/proof.md'],
    ['What is it faster than, and on what?', 'docs/speed.md'],
  ] as const)('answer "%s" within two clicks of the README and of the page of guides', ([question, answer]) => {
    for (const start of ['README.md', 'docs/README.md']) {
      expect(readFileSync(start, 'utf8')).toContain(question);
      expect(reachedFrom(start).get(answer), start).toBeLessThanOrEqual(2);
    }
    expect(reachedFrom('README.md').get('benchmarks/results/REPORT.md')).toBeLessThanOrEqual(2);
    expect(readFileSync(answer, 'utf8')).toMatch(new RegExp(`^# ${question.replace('?', '\\?')}\n`));
  });

  test('lead from a guide to each folder of examples', () => {
    const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    // The project examples/pi compiles C and Fortran, and is in the repository only.
    const linked = new Set(
      pages.flatMap(({ path }) => linksOf(path)).map((path) => path.split('/').slice(0, 2).join('/')),
    );
    expect(folders.map(({ name }) => `examples/${name}`).filter((path) => !linked.has(path))).toEqual(['examples/pi']);
    for (const { name } of folders)
      expect(readFileSync('examples/README.md', 'utf8')).toMatch(new RegExp(`^\\| \\[?${name}\\b`, 'm'));
  });
});

describe('numbers', () => {
  /** Measured quantities: times, rates and sizes with a unit, shares, and factors. */
  const measured = /\d\s?(?:ms|µs|ns|s|seconds?|minutes?|hours?|GB\/s|MB\/s|[kMG]i?B)\b(?!\/)|\d\s?(?:%|×|times\b)/;
  /** A command or a test that measures the number, a flag of which it is the default, or a page of results. */
  const origin = /`(?:npm run |(?:npx )?ewald |node |--)[^`]*`|test\/[\w/]+\.test\.ts|\]\([^)]*benchmarks\/results/;

  /** Paragraphs, items and rows, the latter two with the paragraph before them. */
  const statements = (text: string): string[] => {
    const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/^ {4}.*$/gm, '');
    let before = '';
    return prose.split(/\n\s*\n/).flatMap((chunk) => {
      const parts = chunk.trim().split(/\n(?=[|-])/);
      if (parts.length === 1 && !chunk.startsWith('|')) before = chunk;
      return parts.map((part) => (/^[|-]/.test(part) ? `${part}\n${before}` : part));
    });
  };

  test('of the README and the guides name the command that produces them', () => {
    /** The row itself, without the paragraph before it. */
    const rowOf = (part: string): string => (part.startsWith('|') ? (part.split('\n')[0] ?? '') : part);
    const numbers = pages.flatMap(({ path, text }) =>
      statements(path === 'docs/api.md' ? '' : text)
        .filter((part) => measured.test(rowOf(part)))
        .map((part) => ({ path, part })),
    );
    expect(numbers.filter(({ path }) => path === 'README.md').length).toBeGreaterThan(2);
    expect(numbers.filter(({ path }) => path === 'docs/speed.md').length).toBeGreaterThan(5);
    expect(numbers.filter(({ part }) => !origin.test(part))).toEqual([]);
  });

  const numbersIn = (words: string): string[] => words.match(/(?<![\w.⁰-⁹])\d+(?:\.\d+)?(?![\w⁰-⁹²])/g) ?? [];
  const textOf = (path: string): string => pages.find((page) => page.path === path)?.text ?? '';

  test("of the README's table of speed are in docs/speed.md", () => {
    const rows = textOf('README.md').match(/^\| .*`npm run bench -- .*$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(2);
    const known = new Set(numbersIn(textOf('docs/speed.md')));
    const figures = rows.flatMap((row) => numbersIn(row.split('|').slice(2, 4).join(' ')));
    expect(figures.filter((number) => !known.has(number))).toEqual([]);
  });

  test('of the table of speed are in the results to which their rows link', () => {
    const rows = textOf('docs/speed.md').match(/^\| .*\]\(.*$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(5);
    const foreign = rows.flatMap((row) => {
      const [, what = '', result = '', compared = '', , file = ''] = row.split('|');
      const results = readFileSync(posix.join('docs', /\((.*?)\)/.exec(file)?.[1] ?? ''), 'utf8');
      const measured = numbersIn(results).map(Number);
      // The result may be rounded, and given in a unit that is a thousand times larger or smaller.
      const isMeasured = (number: string): boolean => {
        const half = 0.5001 * 10 ** -(number.split('.')[1]?.length ?? 0);
        return measured.some((x) => [x, x * 1000, x / 1000].some((y) => Math.abs(y - Number(number)) <= half));
      };
      return numbersIn(`${result} ${compared}`)
        .filter((number) => !isMeasured(number))
        .map((number) => `${what.trim()}: ${number}`);
    });
    expect(foreign).toEqual([]);
  });
});
