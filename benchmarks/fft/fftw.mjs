// Builds the fastest FFTW for the comparison. Debian builds its libraries for SSE2 and AVX only, which costs a fifth to
// a third of the speed of in-cache transforms on newer processors. This builds Debian's own source package again with
// AVX2 and AVX-512, for this benchmark only, into build/fftw. The source is downloaded by apt from the mirror that this
// machine uses.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { root } from './build.mjs';

const folder = path.join(root, 'build/fftw');
const libraries = ['libfftw3f.a', 'libfftw3.a'].map((name) => path.join(folder, name));

function step(what, command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === 0) return;
  const last = `${stderr ?? error?.message ?? ''}${stdout ?? ''}`.trim().split('\n').slice(-3).join(' | ');
  throw new Error(`${what} failed: ${last}`);
}

/** Downloads the FFTW source with separate apt lists: the sources and lists of this machine stay unchanged. */
function download() {
  const [lists, parts] = [path.join(folder, 'apt/lists'), path.join(folder, 'apt/parts')];
  for (const made of [path.join(lists, 'partial'), parts]) mkdirSync(made, { recursive: true });
  const given = '/etc/apt/sources.list.d';
  for (const name of existsSync(given) ? readdirSync(given) : []) {
    const text = readFileSync(path.join(given, name), 'utf8');
    if (name.endsWith('.sources'))
      writeFileSync(path.join(parts, name), text.replace(/^Types:.*$/gm, 'Types: deb-src'));
    else if (name.endsWith('.list')) writeFileSync(path.join(parts, name), text.replace(/^deb /gm, 'deb-src '));
  }
  if (existsSync('/etc/apt/sources.list'))
    writeFileSync(
      path.join(parts, 'main.list'),
      readFileSync('/etc/apt/sources.list', 'utf8').replace(/^deb /gm, 'deb-src '),
    );
  const settings = ['Dir::Etc::sourcelist=/dev/null', `Dir::Etc::sourceparts=${parts}`, `Dir::State::lists=${lists}`];
  const apt = settings.flatMap((setting) => ['-o', setting]);
  step('apt-get update (sources)', 'apt-get', [...apt, 'update'], folder);
  step('apt-get source fftw3', 'apt-get', [...apt, 'source', '--download-only', 'fftw3'], folder);
}

/**
 * Paths of libfftw3f.a and libfftw3.a with every x86-64 instruction set that FFTW supports: those that were installed
 * with a prefix, or our own. Ours are built once, which takes some minutes. Returns the reason as text when there are
 * none.
 */
export function tunedFftw(prefix) {
  if (prefix !== undefined) {
    const given = libraries.map((file) => path.resolve(prefix, 'lib', path.basename(file)));
    const missing = given.filter((file) => !existsSync(file));
    return missing.length === 0 ? { libraries: given } : { why: `${missing.join(', ')} not found` };
  }
  if (process.arch !== 'x64') return { why: 'only x86-64 has the instruction sets in question' };
  if (libraries.every((file) => existsSync(file))) return { libraries };
  process.stderr.write('bench fft: builds FFTW with AVX2 and AVX-512 from its Debian source, some minutes, once\n');
  try {
    mkdirSync(folder, { recursive: true });
    const tarball = () => readdirSync(folder).find((name) => /^fftw3_.*\.orig\.tar\.gz$/.test(name));
    if (!tarball()) download();
    const source = path.join(folder, 'source');
    for (const [library, kind] of [
      [libraries[0], '--enable-float'],
      [libraries[1], '--disable-float'],
    ]) {
      rmSync(source, { recursive: true, force: true });
      mkdirSync(source);
      step('tar', 'tar', ['xzf', path.join(folder, tarball()), '-C', source, '--strip-components=1'], folder);
      const sets = ['--enable-sse2', '--enable-avx', '--enable-avx2', '--enable-avx512'];
      step('configure', './configure', [kind, ...sets, '--disable-fortran', '--disable-doc', '--with-pic'], source);
      step('make', 'make', [`-j${availableParallelism()}`], source);
      step('copy', 'cp', [path.join(source, '.libs', path.basename(library)), library], folder);
    }
    rmSync(source, { recursive: true, force: true });
    return { libraries };
  } catch (error) {
    return { why: error.message };
  }
}
