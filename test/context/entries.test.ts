// @module-tag house: numbers of exports.
/** What package.json exports stays small enough to be read: docs/api.md lists it. */
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

/** The most values that an entry exports: one that needs more has two subjects, or shows what only we need. */
const mostValues = 50;

const entries = Object.keys(manifest.exports)
  .filter((path) => !/\.(wasm|json)$/.test(path))
  .map((path) => path.replace('.', 'ewald'));

describe('entries', () => {
  test('are those of package.json', () => {
    expect(entries.length).toBeGreaterThan(15);
    expect(entries).toContain('ewald/shell');
  });

  test.for(entries)('%s exports few values', async (entry) => {
    const names = Object.keys(await import(/* @vite-ignore */ entry));
    expect(names.length, names.join(', ')).toBeLessThanOrEqual(mostValues);
  });

  test('those of the command and of the pages are not public', () => {
    const targets = JSON.stringify(manifest.exports);
    expect(targets).not.toMatch(/entries\/(?:command|pages)\b/);
  });
});
