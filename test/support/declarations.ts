/** The declarations of the package as built. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The declarations that the entry points reach, by their place in src; without comments by default. */
export function declarations({ comments = false } = {}): Map<string, string> {
  const { exports: entries } = JSON.parse(readFileSync('package.json', 'utf8'));
  const texts = new Map<string, string>();
  const reach = (file: string): void => {
    const place = file.replace('dist/types/', '').replace('.d.ts', '');
    if (texts.has(place) || !existsSync(file)) return;
    const text = readFileSync(file, 'utf8');
    const bare = text.replace(/\/\*[\s\S]*?\*\//g, '');
    texts.set(place, comments ? text : bare);
    for (const [, path = ''] of bare.matchAll(/from '(\.[^']+)'/g))
      reach(join(dirname(file), path.replace(/\.js$/, '.d.ts')));
  };
  for (const entry of Object.values<{ types?: string; node?: { types?: string } }>(entries))
    for (const types of [entry.types, entry.node?.types]) if (types) reach(join(types));
  return texts;
}
