// TypeScript: tsc writes modules and declarations into build/esm, then the generated layouts are checked against them.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder } from '../lib/files.mjs';
import { root, run } from '../lib/run.mjs';
import { zstdModule } from '../lib/zstd-module.mjs';

/** Starts TypeScript 7 by its path, because another package could install a `tsc` in node_modules/.bin. */
export const tsc = 'node_modules/typescript/bin/tsc';

const known = 'build/types.tsbuildinfo';
/** What TypeScript knows of the last build makes the next one eight times as fast. */
export const incremental = ['--incremental', '--tsBuildInfoFile', known];

const emitted = () => filesUnder('build/esm');

export const types = {
  name: 'types',
  required: true,
  off() {
    if (!existsSync(join(root, tsc))) return 'TypeScript is not installed; run npm install';
    return existsSync(join(root, zstdModule)) ? undefined : 'zstddec is not installed; run npm install';
  },
  inputs: () => ({
    files: [...filesUnder('src'), 'tsconfig.json'],
    more: [JSON.parse(readFileSync(join(root, 'node_modules/typescript/package.json'), 'utf8')).version],
  }),
  outputs: () => emitted(),
  async build() {
    // It does not look for its outputs.
    if (emitted().length === 0) rmSync(join(root, known), { force: true });
    // Remove modules whose source has been deleted.
    const sources = new Set(filesUnder('src').map((file) => file.replace(/^src\//, '').replace(/\.ts$/, '')));
    for (const file of emitted()) {
      if (!sources.has(file.replace(/^build\/esm\//, '').replace(/(\.d\.ts|\.js)(\.map)?$/, '')))
        rmSync(join(root, file));
    }
    return run(process.execPath, [tsc, '-p', 'tsconfig.json', '--pretty', 'false', ...incremental]);
  },
};

export const layout = {
  name: 'layout',
  required: true,
  inputs: () => ({
    files: [
      ...filesUnder('build/esm/compute/layout'),
      ...filesUnder('build/esm').filter((file) => /\/parameter[^/]*\.js$/.test(file)),
      ...filesUnder('src').filter((file) => /\/README\.md$/.test(file)),
      'scripts/layout.mjs',
      ...filesUnder('cpp/include/generated'),
      ...filesUnder('wgsl/generated'),
    ],
    more: [],
  }),
  outputs: () => [],
  build: () => run(process.execPath, ['scripts/layout.mjs', '--check']),
};
