/** The words of commands that pages start: whatever a page may set, the command reads it as the same. */
import { Command } from 'commander';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { command as index } from '../../src/cli/frame-rows.js';
import { flagValues, withFlags } from '../../src/cli/parameter-flags.js';
import { command as run } from '../../src/cli/run-rows.js';
import type { Parameter, Parameters } from '../../src/options/parameters.js';
import { inShell, shellWords } from '../../src/options/shell-words.js';
import { askedOf } from '../../src/pages/view/commands.js';
import { quantityNames } from '../../src/pages/view/scan-quantities.js';
import { indexRows, indexWords, scanRows, scanWords } from '../../src/server/run-words.js';
import { knownAnalyses } from '../../src/stem/parameters.js';

/** Values of a row; what the row itself refuses is not drawn. */
function valuesOf(name: string, row: Parameter): fc.Arbitrary<unknown> {
  const { kind, choices = [], range, count: length = 2, rising } = row;
  const [low, high] = [Math.max(range?.low ?? -1e6, -1e6), Math.min(range?.high ?? 1e6, 1e6)];
  const integers = fc.integer({ min: Math.ceil(low), max: Math.floor(high) });
  // A zero has no sign in words.
  const numbers = fc
    .double({ min: low, max: high, noNaN: true, minExcluded: true, maxExcluded: true })
    .map((value) => value + 0);
  const several = (one: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
    fc
      .uniqueArray(one, { minLength: length, maxLength: length })
      .map((all) => (rising ? all.toSorted((a, b) => a - b) : all));
  if (kind === 'boolean') return fc.boolean();
  if (kind === 'choice') return fc.constantFrom(...choices);
  if (kind === 'integer' || kind === 'bytes') return integers;
  if (kind === 'number') return numbers;
  if (kind === 'integers') return several(integers);
  if (kind === 'numbers') return several(numbers);
  const texts: Readonly<Record<string, readonly unknown[]>> = {
    rois: [['a b=ring:1.85:2.05', "it's=circle:1,2,3"], ['x=rect:0:9,1:5']],
    cells: [['79.1,79.1,38.1,90,90,90'], ['100 100 100 90 90 90 F']],
    frames: ['0:100', '3:', '0:1000:10'],
    roi: ['3,4', '0:4,1:3'],
    channels: [['intensity'], ['x', 'y']],
  };
  return fc.constantFrom(...(texts[name] ?? []));
}

const settingsOf = (rows: Parameters): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, valuesOf(name, row)])), {
    requiredKeys: [],
  });

/** What a command makes of words: its values, and the words that belong to no flag. */
function read(rows: Parameters, words: readonly string[]): { values: Record<string, unknown>; rest: string[] } {
  const program = withFlags(new Command().exitOverride().argument('[all...]'), rows);
  program.parse(words, { from: 'user' });
  return { values: flagValues(rows, program.opts()) as Record<string, unknown>, rest: program.args };
}
/** A switch that is as it is without it is not typed. */
const typed = (rows: Parameters, settings: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(settings).filter(
      ([name, value]) => typeof value !== 'boolean' || value !== (rows[name]?.fallback === true),
    ),
  );

/** Words that the settings make, but for values that go beyond the row, which both refuse. */
function wordsFor(make: () => string[]): string[] | undefined {
  try {
    return make();
  } catch (error) {
    expect(error).toMatchObject({ tag: 'Argument' });
    return undefined;
  }
}

test('whatever a page sets of an index is what the command reads, and no word is more', { tags: 'all' }, () => {
  let count = 0;
  fc.assert(
    fc.property(settingsOf(indexRows), (settings) => {
      const words = wordsFor(() => indexWords({ files: ['/a b/run.h5'], geometry: '/x.geom' }, settings));
      if (!words) return;
      count++;
      // By way of the text that is shown, as well.
      expect(shellWords(words.map(inShell).join(' '))).toEqual(words);
      const { values, rest } = read(index.rows, words.slice(1));
      expect(rest).toEqual(['/a b/run.h5']);
      const { geometry, ...others } = values;
      expect(geometry).toBe('/x.geom');
      expect(others).toEqual(typed(indexRows, settings));
    }),
    { seed: 92, numRuns: 60 },
  );
  expect(count).toBeGreaterThan(20);
});

test('whatever a page sets of an analysis is what the command reads, and no word is more', { tags: 'all' }, () => {
  let count = 0;
  const names = fc.constantFrom(...(Object.keys(knownAnalyses) as (keyof typeof knownAnalyses)[]));
  const drawn = names.chain((name) => fc.tuple(fc.constant(name), settingsOf(scanRows(name))));
  fc.assert(
    fc.property(drawn, ([name, settings]) => {
      const words = wordsFor(() => scanWords({ files: ['/scan.npy'] }, name, settings, false));
      if (!words) return;
      count++;
      const { channels, ...others } = typed(scanRows(name), settings);
      const flags = Object.keys(others).length + ((channels as string[] | undefined)?.length ?? 0);
      const { values, rest } = read(run.rows, words.slice(1));
      expect(rest).toEqual([name, '/scan.npy']);
      // Parameters of other analyses may have the same flag.
      expect(values).toMatchObject(typed(scanRows(name), settings));
      expect(words.filter((word) => word.startsWith('--')).length).toBe(flags);
    }),
    { seed: 92, numRuns: 100 },
  );
  expect(count).toBeGreaterThan(20);
});

test('every result that a pane shows, with every detector that an analysis has, is what a page may ask for', () => {
  const words = quantityNames.flatMap((quantity) =>
    (['disk', 'ring', 'square', 'point'] as const).flatMap((kind) => {
      const shape = { kind, cx: 8.5, cy: 7.5, outer: 3, inner: 1 };
      const asked = askedOf({ quantity, shape, scanRotation: 30, flipY: true });
      if (!asked) return [];
      const { analysis, settings, isCalibrated } = asked;
      const input = { files: ['/scan.npy'], calibration: '/scan.cal.json' };
      return [scanWords(input, analysis, settings, isCalibrated).join(' ')];
    }),
  );
  expect(words).toContain('run ring /scan.npy --cx 8 --cy 7 --ri 1 --ro 3 --channel intensity');
  expect(words).toContain(
    'run com /scan.npy --cx 8 --cy 7 --radius 3 --ri 1 --scan-rotation 30 --flip-y --regression mean --channel curl',
  );
  expect(words.filter((text) => text.endsWith(' --calibration /scan.cal.json')).length).toBeGreaterThan(7);
});
