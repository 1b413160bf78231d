#!/usr/bin/env node
// Pastes the README and every guide, top to bottom, as a user with an empty home folder would: `npm run guides [--
// [--as-root] NAME…]` after a build. The packages are packed and installed by the commands of the README from a
// registry on this computer (scripts/guides/registry.mjs); each guide has an empty folder. What a guide states
// as output is compared. The last lines name the blocks that were not pasted, with the reasons that the guides give.
// With --as-root the blocks that need root, which install packages of Debian, are pasted as well.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { blocksOf, missingLine, programsOf, python, readsInPython } from './guides/blocks.mjs';
import { startRegistry } from './guides/registry.mjs';
import { root, run, tail } from './lib/run.mjs';
import { complain, paint, say } from './lib/say.mjs';
import { packAll } from './packages/stage.mjs';

const all = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const nameOf = (path) => path.replace(/^docs\/(?!README)|\.md$/g, '');
const asRoot = process.argv.includes('--as-root');
const args = process.argv.slice(2).filter((arg) => arg !== '--as-root');
const unknown = args.find((arg) => !all.some((path) => nameOf(path) === arg));
if (unknown !== undefined) {
  console.log(`usage: npm run guides [-- [--as-root] NAME…]; guides: ${all.map(nameOf).join(', ')}`);
  process.exit(unknown === '--help' || unknown === '-h' ? 0 : 2);
}

const folder = mkdtempSync(join(tmpdir(), 'ewald-guides-'));
const [home, packages] = ['home', 'packages'].map((name) => join(folder, name));
const asides = [];
const failed = [];
let passed = 0;
let registry;
try {
  mkdirSync(home);
  const { made } = await packAll(packages);
  registry = await startRegistry({ packages, made, kept: join(folder, 'others') });
  for (const path of all.filter((one) => args.length === 0 || args.includes(nameOf(one)))) await tryGuide(path);
} finally {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
}
for (const { path, line, code, reason } of asides)
  console.log(`  not pasted: ${path}:${line}: ${code.trim().split('\n')[0]} (${reason ?? 'no reason is given'})`);
console.log(`${passed} guides passed, ${failed.length} failed, ${asides.length} blocks not pasted`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Runs a shell script as a user with an empty home folder; returns what it printed. Throws if it fails. */
async function paste(script, cwd) {
  const variables = {
    HOME: home,
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    LANG: 'C.UTF-8',
    npm_config_registry: registry.url,
    npm_config_update_notifier: 'false',
  };
  const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const { code, output, errors } = await run('env', ['-i', ...words, 'bash', '-euo', 'pipefail', '-c', script], {
    cwd,
    apart: true,
    minutes: 30,
  });
  if (code !== 0) throw new Error(`exit code ${code} of\n${script}\n${tail(`${output}\n${errors}`, 30)}`);
  return output;
}

/** Pastes the blocks of a guide: commands in their order, then its programs, each from its file. */
async function tryGuide(path) {
  const started = performance.now();
  const blocks = blocksOf(readFileSync(join(root, path), 'utf8')).map((block) =>
    asRoot && block.reason === 'needs root'
      ? { ...block, kind: 'sh', code: block.code.replace(/^sudo /gm, '') }
      : block,
  );
  for (const block of blocks) if (block.kind === 'aside') asides.push({ path, ...block });
  const inPython = blocks.some(({ kind }) => kind === 'py') && readsInPython();
  const isPasted = ({ kind }) => ['sh', 'js'].includes(kind) || (kind === 'py' && inPython);
  const count = blocks.filter(isPasted).length;
  if (count === 0) return;
  const cwd = join(folder, nameOf(path).replaceAll('/', '-'));
  mkdirSync(cwd);
  try {
    let expected = '';
    for (const [i, { kind, code, line }] of blocks.entries()) {
      if (!isPasted({ kind })) continue;
      const next = blocks[i + 1];
      const output = next?.kind === 'output' ? next.code : '';
      if (kind === 'sh') compare(output, await paste(code, cwd), `${path}:${line}`);
      else if (kind === 'py') compare(output, await paste(`${python} - <<'END'\n${code}\nEND`, cwd), `${path}:${line}`);
      else expected += `${output}\n`;
    }
    let printed = '';
    for (const { name, code } of programsOf(blocks)) {
      writeFileSync(join(cwd, name), code);
      printed += await paste(`node ${name}`, cwd);
    }
    compare(expected, printed, path);
    passed++;
    say('guides', `${path} ${paint('green', 'passed')}, ${count} blocks`, (performance.now() - started) / 1000);
  } catch (error) {
    failed.push(path);
    complain('guides', `${path} failed`, error.message);
  }
}

function compare(expected, printed, where) {
  const missing = missingLine(expected, printed);
  if (missing !== undefined) throw new Error(`${where}: the output lacks "${missing}"; it is\n${tail(printed, 30)}`);
}
