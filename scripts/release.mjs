#!/usr/bin/env node
// Makes a release without publishing it: `npm run release -- VERSION` writes the version, builds, packs all packages,
// writes checksums, a bill of materials and the provenance into build/release/VERSION, and prints the remaining steps.
// `--dry-run` changes no file of the repository and accepts an unreleased section of the changelog.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build } from './build.mjs';
import { writeWhole } from './lib/files.mjs';
import { root } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';
import { changelogOf } from './packages/changelog.mjs';
import { commitOf, provenance } from './packages/provenance.mjs';
import { billOfMaterials } from './packages/sbom.mjs';

const usage = `usage: npm run release -- VERSION [--dry-run] [--no-build] [-o FOLDER]
  VERSION     as semantic versioning writes it; CHANGELOG.md has a section "## VERSION, YYYY-MM-DD"
  --dry-run   the version of package.json if none is given; changes nothing but the folder of the release
  --no-build  packs what is built
  -o FOLDER   default build/release/VERSION`;

const args = process.argv.slice(2);
const current = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
const dryRun = args.includes('--dry-run');
const out = args.includes('-o') ? args[args.indexOf('-o') + 1] : undefined;
const words = args.filter((arg, i) => !arg.startsWith('-') && args[i - 1] !== '-o');
const version = words[0] ?? (dryRun ? current : undefined);
const wrong = args.some((arg) => arg.startsWith('-') && !['--dry-run', '--no-build', '-o'].includes(arg));
if (wrong || words.length > 1 || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version ?? '')) {
  console.log(usage);
  process.exit(args.includes('--help') || args.includes('-h') ? 0 : 2);
}
try {
  await makeRelease();
} catch (error) {
  complain('release', error.message);
  process.exitCode = 1;
}

async function makeRelease() {
  const { date } = changelogOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
  if (!date && !dryRun)
    throw new Error(`the section ${version} of CHANGELOG.md has no date; write "## ${version}, YYYY-MM-DD"`);
  if (dryRun && version !== current)
    throw new Error(`a dry run cannot write version ${version} into package.json, which has ${current}`);
  if (!dryRun) {
    const commit = await commitOf();
    if (commit.endsWith('+changes')) throw new Error('the working copy has changes; commit them first');
    setVersion();
  }
  if (!args.includes('--no-build')) {
    const { code } = await build();
    if (code !== 0) throw new Error('the build failed; nothing was packed');
  }
  // Imported after the build, which writes what it reads.
  const { packAll } = await import('./packages/stage.mjs');
  const folder = resolve(out ?? join(root, 'build/release', version));
  const { made, leftOut } = await packAll(folder);
  const bill = await billOfMaterials(made.map(({ name }) => name));
  writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
  const tarballs = made.map(({ file }) => ({ name: file, sha256: hashOf(join(folder, file)) }));
  const statement = await provenance(version, tarballs);
  writeFileSync(join(folder, 'provenance.json'), `${JSON.stringify(statement, null, 2)}\n`);
  const sums = [...made.map(({ file }) => file), 'sbom.cdx.json', 'provenance.json'];
  writeFileSync(join(folder, 'SHA256SUMS'), sums.map((file) => `${hashOf(join(folder, file))}  ${file}\n`).join(''));
  for (const { name, file, bytes } of made) say('release', `${name} ${version}: ${file}, ${bytes} bytes`);
  for (const line of leftOut) say('release', `not packed: ${line}`);
  const at = relative(process.cwd(), folder) || '.';
  say('release', `${at}: ${made.length} tarballs, SHA256SUMS, sbom.cdx.json, provenance.json; nothing is published`);
  if (dryRun) return;
  // Addons first: the main package names them as optional dependencies.
  const order = [...made].sort((a, b) => Number(a.name === 'ewald') - Number(b.name === 'ewald'));
  console.log(
    [
      'What is left to do:',
      `  git commit -am 'Release ${version}' && git tag v${version} && git push --tags`,
      ...order.map(({ file }) => `  npm publish ${join(at, file)}`),
    ].join('\n'),
  );
}

/** Writes the version into its two places. */
function setVersion() {
  for (const [path, pattern] of [
    ['package.json', /("version": ")[^"]+/],
    ['src/util/version.ts', /(version = ')[^']+/],
    ['CITATION.cff', /^(version: ).+$/m],
  ]) {
    const text = readFileSync(join(root, path), 'utf8');
    writeWhole(join(root, path), text.replace(pattern, `$1${version}`));
  }
}

function hashOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
