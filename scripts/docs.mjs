#!/usr/bin/env node
// `npm run docs` builds the site of the documentation in build/site: the README, the guides of docs/, and the reference
// of all entry points, from the docstrings in dist/types (npm run build). Any static server can serve the folder.
// TypeDoc and the TypeScript it needs are installed in scripts/site on demand.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, tail } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';

const tools = join(root, 'scripts/site');
const out = join(root, 'build/site');
const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

process.exitCode = await build();

async function build() {
  const files = Object.values(entries).flatMap((entry) =>
    typeof entry === 'object' && entry.types ? [entry.types] : [],
  );
  const missing = files.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) {
    complain('docs', `${missing[0]} does not exist; run npm run build first`);
    return 1;
  }
  if (!existsSync(join(tools, 'node_modules/typedoc'))) {
    const { code, output } = await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], {
      cwd: tools,
    });
    if (code !== 0) {
      complain('docs', 'typedoc could not be installed', tail(output));
      return 1;
    }
  }
  const work = join(root, 'build/site-settings');
  mkdirSync(work, { recursive: true });
  const compilerOptions = {
    ...{ target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: true, types: ['node'] },
    lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const entryPoints = files.map((file) => join(root, file));
  writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: entryPoints }));
  const options = {
    ...{ name: 'ewald', out, entryPoints, basePath: root, tsconfig: join(work, 'tsconfig.json') },
    readme: join(root, 'README.md'),
    projectDocuments: [join(root, 'docs/*.md'), join(root, 'CHANGELOG.md'), join(root, 'SECURITY.md')],
    ...{ skipErrorChecking: true, disableSources: true, hideGenerator: true, excludePrivate: true },
    excludeInternal: true,
    // Types that only name a detail of another type have no page.
    validation: { notExported: false, invalidLink: true },
  };
  writeFileSync(join(work, 'typedoc.json'), JSON.stringify(options));
  rmSync(out, { recursive: true, force: true });
  const typedoc = join(tools, 'node_modules/typedoc/bin/typedoc');
  const { code, output, seconds } = await run(process.execPath, [typedoc, '--options', join(work, 'typedoc.json')]);
  const wrong = output
    .split('\n')
    .filter((line) => /(error|warning)\]|Failed to resolve|could not be found/.test(line));
  if (code !== 0 || wrong.length > 0) {
    complain('docs', 'the site could not be built without faults', wrong.join('\n') || tail(output));
    return 1;
  }
  const count = readdirSync(join(out, 'documents')).length;
  say('docs', `build/site/index.html: ${count} guides, ${files.length} entry points`, seconds);
  return 0;
}
