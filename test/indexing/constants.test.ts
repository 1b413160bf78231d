/** Constants that affect results are defined only in src/compute/layout: no native folder repeats one. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { thresholdRanges } from '../../src/compute/layout/indexing.js';
import * as search from '../../src/compute/layout/search.js';

/** Every number inside `value`, by the path of property names that leads to it. */
function numbersIn(value: unknown, path = ''): [path: string, value: number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, path ? `${path}.${name}` : name));
}

/** Counts, powers of two and ten, and halves occur in code for many reasons. */
const common = (value: number): boolean =>
  (Number.isInteger(value) && value <= 128) ||
  Number.isInteger(Math.log2(value)) ||
  Number.isInteger(Number(Math.log10(value).toFixed(9))) ||
  (value < 4 && Number.isInteger(2 * value));

const constants = numbersIn({ ...search, thresholdRanges }).map(([path, value]) => [path, Math.abs(value)] as const);
const telling = new Map(constants.filter(([, value]) => !common(value)).map(([path, value]) => [value, path]));

/** The code of a folder by line, without comments and strings. */
function linesOf(folder: string): { place: string; line: string }[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ts|cpp|h|cuh?|wgsl)$/.test(file),
  );
  expect(files.length).toBeGreaterThan(5);
  return files.flatMap((file) =>
    readFileSync(`${folder}/${file}`, 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
      .replace(/\/\/.*|'[^'\n]*'|`[^`]*`|"[^"\n]*"/g, '')
      .split('\n')
      .map((line, i) => ({ place: `${folder}/${file}:${i + 1}`, line })),
  );
}

const literals = (line: string): number[] =>
  [...line.matchAll(/(?<![\w.])(\d[\d_]*\.?\d*(?:e[-+]?\d+)?)(?=[fu]?\b)/gi)].map(([, text = '']) =>
    Number(text.replaceAll('_', '')),
  );

/** Lines that contain the value of a constant. */
const retyped = (lines: ReturnType<typeof linesOf>): string[] =>
  lines.flatMap(({ place, line }) =>
    literals(line).flatMap((value) => (telling.has(value) ? [`${place}: ${value} is ${telling.get(value)}`] : [])),
  );

/** Lines that define a constant of the same name. */
function redeclared(lines: ReturnType<typeof linesOf>): string[] {
  const names = Object.keys({
    ...search.searchConstants,
    ...search.effortConstants,
    ...search.cellSearchConstants,
  }).flatMap((name) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [name, snake, snake.toUpperCase()];
  });
  const declaration = new RegExp(`\\b(${names.join('|')})(\\s*(:\\s*\\w+\\s*)?=\\s*|\\s+)-?\\.?\\d`);
  return lines.filter(({ line }) => declaration.test(line)).map(({ place, line }) => `${place}: ${line.trim()}`);
}

describe('constants of indexing', () => {
  test('the layout has some distinctive constants', () => expect(telling.size).toBeGreaterThan(30));

  test('the search finds them in the generated header and in the layout', () => {
    const lines = linesOf('src/compute/layout');
    expect(retyped(lines).length).toBeGreaterThan(30);
    const generated = readFileSync('cpp/include/generated/search.h', 'utf8')
      .split('\n')
      .map((line) => ({ place: '', line }));
    expect(retyped(generated).length).toBeGreaterThan(30);
    expect(redeclared(generated).length).toBeGreaterThan(80);
  });

  test.each(['cpp/indexing', 'cuda/indexing', 'wgsl/indexing'])('no kernel of %s repeats one by value', (folder) => {
    expect(retyped(linesOf(folder))).toEqual([]);
  });

  test.each(['cpp/indexing', 'cuda/indexing', 'wgsl/indexing', 'src/indexing'])(
    'nothing in %s redefines one by name',
    (folder) => {
      expect(redeclared(linesOf(folder))).toEqual([]);
    },
  );
});
