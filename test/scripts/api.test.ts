// @module-tag house: freshness of a page.
/** Every public value has a docstring, and docs/api.md lists it. */
import { expect, test } from 'vitest';
import { firstSentence, publicValues, reference, usesOf, writtenReference } from '../../scripts/api.mjs';

const lists = await publicValues();

test('every value of every entry point has a docstring', () => {
  expect(lists.length).toBeGreaterThan(15);
  expect(lists.flatMap(({ values }) => values).length).toBeGreaterThan(250);
  const without = lists.flatMap(({ entry, values }) =>
    values.filter(({ doc }) => !doc).map(({ name }) => `${entry}: ${name}`),
  );
  expect(without).toEqual([]);
});

test('every value is used in a guide, an example, a command, a page, a script, a benchmark or a test', () => {
  const names = lists.flatMap(({ values }) => values.map(({ name }) => name));
  const uses = usesOf(names);
  expect(uses.createContext).toEqual(['guides', 'examples', 'programs', 'benchmarks', 'tests']);
  expect(usesOf(['noValueOfThisName'])).toEqual({ noValueOfThisName: [] });
  expect(names.filter((name) => uses[name]?.length === 0)).toEqual([]);
});

/** The names by entry, of a page in Markdown. */
const namesIn = (page: string): string[] =>
  page.split(/^## /m).flatMap((section) => {
    const [entry = ''] = section.split('\n');
    return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => `${entry}: ${name}`);
  });

test('docs/api.md lists every value and no other; node scripts/api.mjs writes it', () => {
  expect(namesIn(writtenReference())).toEqual(namesIn(reference(lists)));
});

test('docs/api.md lists the methods of the contexts, each with its docstring', () => {
  const rows = [...writtenReference().matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name, what]) => [name, what]);
  for (const name of ['pipeline', 'indexer', 'merger', 'fft', 'runUdf', 'createComAnalysis', 'calibrate'])
    expect(rows).toContainEqual([name, expect.stringMatching(/^.{20}/)]);
  expect(rows.filter(([, what]) => what === '').map(([name]) => name)).toEqual([]);
});

test('the first sentence of a docstring ends at its point, not at one within a name', () => {
  expect(firstSentence('Reads `a.b` of x.y, or\nfails. Then more.')).toBe('Reads `a.b` of x.y, or fails.');
  expect(firstSentence('No point\n\n@throws never')).toBe('No point');
});
