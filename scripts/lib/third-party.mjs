// The libraries whose code is part of dist/: they are not installed with ewald, so their licences come along.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './files.mjs';
import { root } from './run.mjs';

export const bundledPackages = ['smol-toml', 'zstddec'];

/** Writes their licences into dist/third-party.txt. */
export function writeThirdParty() {
  const parts = bundledPackages.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const text = readFileSync(join(folder, 'LICENSE'), 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  const head = 'These libraries are part of the scripts in this folder.\n';
  writeWhole(join(root, 'dist/third-party.txt'), [head, ...parts].join(`\n${'-'.repeat(80)}\n\n`), 0o644);
}
