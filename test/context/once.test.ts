/** The range and the default of an option are stated in its row alone: no source states them a second time. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { filesUnder } from '../../scripts/lib/files.mjs';

/** A row, as its source states it: `low, high, default` of a number, or `choices, default` of a choice. */
interface Row {
  readonly place: string;
  readonly name: string;
  readonly stated: string;
  readonly fallback: number | undefined;
}
type Sources = ReadonlyMap<string, string>;

/** Generated sources, and the cases of the conformance tables, which say what their oracles compute. */
const others = /\btypes\.ts$|compute\/layout\/search\.ts$|validate\/(cases|oracle)\//;
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => comment.replace(/[^\n]/g, ' '));
const sources: Sources = new Map(
  filesUnder('src', (file: string) => file.endsWith('.ts') && !others.test(file)).map((file: string) => [
    file,
    withoutComments(readFileSync(file, 'utf8')),
  ]),
);

const numeral = '-?\\d[\\w.]*(?: \\*\\* \\d+)?';
/** The number that a numeral or a power states. */
function numberOf(text: string | undefined): number | undefined {
  const [base, power = 1] = (text ?? '').trim().replaceAll('_', '').split(' ** ').map(Number);
  return base === undefined || Number.isNaN(base) || text?.trim() === '' ? undefined : base ** power;
}

/** The rows of the sources whose numbers or choices are literals. */
function rowsIn(all: Sources): Row[] {
  const inner = '\\{\\n?(?:[^{}]|\\{[^{}]*\\})*?';
  const forms = [
    `(\\w+): (?:row\\.required\\()?(?:row\\.(?:integer|number)|range)\\(([^()]*)\\)`,
    `(\\w+): ${inner}\\brange: range\\(([^()]*)\\)`,
    `(\\w+): row\\.choice\\((\\[[^\\]]*\\], '[^']*')\\)`,
    `(\\w+): ${inner}\\bchoices: (\\[[^\\]]*\\],\\s*fallback: '[^']*')`,
  ];
  return [...all].flatMap(([file, text]) =>
    forms.flatMap((form) =>
      [...text.matchAll(new RegExp(form, 'g'))].flatMap(({ 1: name = '', 2: args = '', index }) => {
        if (name === 'range') return [];
        const words = args.split(',').map((word) => word.replace('fallback:', '').trim());
        const stated = words.map((word) => numberOf(word) ?? word).join(', ');
        return {
          place: `${file}:${text.slice(0, index).split('\n').length}`,
          name,
          stated,
          fallback: numberOf(words[2]),
        };
      }),
    ),
  );
}

/** 0 and 1 are said of too many things: what an option leaves alone, or how often something is done. */
const saysNothing = (value: number | undefined): boolean => value === undefined || value === 0 || value === 1;

/** Rows of one name that state the same in two places. */
function twiceStated(all: Sources): string[] {
  const rows = rowsIn(all).filter(({ stated }) =>
    stated.split(', ').some((word) => !saysNothing(numberOf(word) ?? 1) || /^\[/.test(word)),
  );
  return rows.flatMap((row, i) => {
    const same = rows.slice(0, i).find(({ name, stated }) => name === row.name && stated === row.stated);
    return same ? [`${row.name} (${row.stated}): ${same.place} and ${row.place}`] : [];
  });
}

/** Defaults beside a row, `options.NAME ?? 30` or `{ NAME = 30 }`, that repeat the number of a row of this name. */
function repeatedDefaults(all: Sources): string[] {
  const rows = rowsIn(all).filter(({ fallback }) => !saysNothing(fallback));
  const use = new RegExp(`\\.(\\w+) \\?\\? (${numeral})|[{(,]\\s*(\\w+)(?:: \\w+)? = (${numeral})(?=[\\s,})])`, 'g');
  return [...all].flatMap(([file, text]) =>
    [...text.matchAll(use)].flatMap(({ 1: member, 2: value, 3: bound, 4: given }) => {
      const name = member ?? bound;
      const row = rows.find((one) => one.name === name && one.fallback === numberOf(value ?? given));
      return row ? [`${file}: ${name} ${row.fallback}`] : [];
    }),
  );
}

test('the rows are found', { tags: 'house' }, () => {
  const rows = rowsIn(sources);
  expect(rows.length).toBeGreaterThan(200);
  expect(rows).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'maxSpots', stated: '6, 4096, 300', fallback: 300 }),
      expect.objectContaining({ name: 'noDataTimeout', fallback: 60 }),
    ]),
  );
});

test('no range and no choice is stated twice', { tags: 'house' }, () => {
  expect(twiceStated(sources)).toEqual([]);
});

/** Defaults that happen to be those of a row, or belong to another library, with the reason. */
const ofOthers: Readonly<Record<string, string>> = {
  'src/crystal/bravais.ts: tolerance 0.02': 'of a cell alone, not of a search for one',
  'src/merging/statistics/statistics.ts: shells 10': 'of lists alone, without the parameters of a merge',
  'src/indexing/ffbidx/ffbidx.ts: maxOutputCells 32': "of ffbidx, whose module's signature this is",
  'src/indexing/ffbidx/ffbidx.ts: maxSpots 300': "of ffbidx, whose module's signature this is",
};

test('no default is stated beside its row', { tags: 'house' }, () => {
  expect(repeatedDefaults(sources).sort()).toEqual(Object.keys(ofOthers).sort());
});

test.each([
  ['a range', 'const rows = { noDataTimeout: row.number(0, 1e9, 60) };', twiceStated],
  ['a range in a row', "const rows = { noDataTimeout: { kind: 'number', range: range(0, 1e9, 60) } };", twiceStated],
  ['a default of a member', 'const timeout = run.noDataTimeout ?? 60;', repeatedDefaults],
  ['a default of a binding', 'const { signal, noDataTimeout = 60 } = run;', repeatedDefaults],
] as const)('%s that is stated again is found', { tags: 'house' }, (_, planted, find) => {
  expect(find(new Map([...sources, ['src/planted.ts', planted]])).join('\n')).toContain('src/planted.ts');
});
