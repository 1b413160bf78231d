// Twenty-five libraries of Debian, drawn by seed (drawn/README.md): the same calls by the header as it stands and by a C
// program that gcc compiles. A library that is not installed is absent.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { getLibHandle } from '../../src/entries/ffi.node.js';
import { data } from './drawn/data.mjs';
import { network } from './drawn/network.mjs';
import { inBoth } from './drawn/run.mjs';
import { sound } from './drawn/sound.mjs';
import { system } from './drawn/system.mjs';
import { absent } from './support.js';

const entries = [...data, ...network, ...sound, ...system];

test('twenty-five libraries were drawn', () => expect(new Set(entries.map((entry) => entry.package)).size).toBe(25));

for (const entry of entries) {
  const why = absent('gcc', 'koffi') ?? missing(entry);
  test.skipIf(why)(`${entry.package}${why ? ` (absent: ${why})` : ''}`, { tags: 'nightly' }, async () => {
    const { c, js, called } = await inBoth(entry, getLibHandle);
    expect(js).toEqual(c);
    expect(called.length).toBeGreaterThanOrEqual(10);
  });
}

/** What keeps the headers from being compiled. */
function missing({ headers, folders = [], definitions = [] }: (typeof entries)[number]): string | undefined {
  const source = ['stdio.h', 'stdint.h', 'stdbool.h', ...headers].map((name) => `#include <${name}>\n`).join('');
  const words = ['-E', '-xc', '-', '-o', '/dev/null', ...definitions, ...folders.map((path) => `-I${path}`)];
  try {
    execFileSync('gcc', words, { input: source, stdio: 'pipe' });
    return undefined;
  } catch {
    return 'its header is not installed';
  }
}
