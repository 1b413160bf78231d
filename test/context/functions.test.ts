// @module-tag house: lengths of functions.
/**
 * The size of functions: none longer than a screen or two, none with more parameters than a caller can keep apart, and
 * no literal spread into another one. What is longer or wider is listed here, with the reason; a function that has been
 * split leaves the list.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ts = createRequire(import.meta.url)('typescript-5.4') as typeof import('typescript-5.4');
type Node = import('typescript-5.4').Node;

const mostLines = 80;
const mostParameters = 6;

/** Functions of more than 80 lines, each with the reason. */
const long: Readonly<Record<string, string>> = {};

/** Functions of more than six parameters, each with the reason. */
const wide: Readonly<Record<string, string>> = {};

interface Found {
  readonly long: string[];
  readonly wide: string[];
  readonly spread: string[];
}

/** What a source has too much of, as `file function` or `file:line`. */
function excesses(file: string, text: string): Found {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Found = { long: [], wide: [], spread: [] };
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const parent = node.parent as { readonly name?: Node };
      const name = `${file} ${node.name?.getText() ?? parent.name?.getText() ?? 'anonymous'}`;
      if (lineOf(node.end) - lineOf(node.getStart()) + 1 > mostLines) found.long.push(name);
      if (node.parameters.length > mostParameters) found.wide.push(name);
    }
    if (ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(node.expression))
      found.spread.push(`${file}:${lineOf(node.getStart())}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const all = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => excesses(file.replaceAll('\\', '/'), readFileSync(join('src', file), 'utf8')));
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

test(`functions have at most ${mostLines} lines`, () => {
  expect(sorted(all.flatMap((found) => found.long))).toEqual(sorted(Object.keys(long)));
});

test(`functions have at most ${mostParameters} parameters`, () => {
  expect(sorted(all.flatMap((found) => found.wide))).toEqual(sorted(Object.keys(wide)));
});

test('literals are written out where they stand', () => {
  expect(all.flatMap(({ spread }) => spread)).toEqual([]);
});

test('planted excesses are found', () => {
  const planted = [
    'const tall = () => {',
    ...Array.from({ length: mostLines - 1 }, (_, i) => `  use(${i});`),
    '};',
    'class Box { wide(a: A, b: B, c: C, d: D, e: E, f: F, g: G): void {} }',
    'const box = { ...{ a, b }, ...rest };',
    'const short = (a: A, b: B, c: C, d: D, e: E, f: F) => [',
    ...Array.from({ length: mostLines - 2 }, (_, i) => `  ${i},`),
    '];',
  ].join('\n');
  expect(excesses('planted.ts', planted)).toEqual({
    long: ['planted.ts tall'],
    wide: ['planted.ts wide'],
    spread: [`planted.ts:${mostLines + 3}`],
  });
});
