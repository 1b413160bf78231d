/** What one compiler of WGSL takes and another refuses. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { filesUnder } from '../../scripts/lib/files.mjs';

/** The bodies of functions that have a result. */
function* bodiesOf(text: string): Generator<readonly [name: string, body: string]> {
  for (const match of text.matchAll(/^fn (\w+)\([^{]*?\)\s*->[^{]+\{/gm)) {
    const start = match.index + match[0].length;
    let end = start;
    for (let depth = 1; depth > 0 && end < text.length; end++) depth += { '{': 1, '}': -1 }[text[end] as string] ?? 0;
    yield [match[1] as string, text.slice(start, end - 1).trim()];
  }
}

test('functions with a result end in one: naga, which Firefox has, refuses those that end in a loop', () => {
  const files = filesUnder('wgsl', (file: string) => file.endsWith('.wgsl'));
  const bodies = files.flatMap((file: string) =>
    [...bodiesOf(readFileSync(file, 'utf8'))].map(([name, body]) => [`${file}: ${name}`, body] as const),
  );
  expect(bodies.length).toBeGreaterThan(100);
  // All branches of a switch may return.
  const ends = /\breturn\b[^;]*;$|default:\s*\{[^}]*\breturn\b[^}]*\}\s*\}$/;
  const open = bodies.filter(([, body]) => !ends.test(body));
  expect(open.map(([name]) => name)).toEqual([]);
});
