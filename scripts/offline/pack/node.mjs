// Node for the pack: this machine's binary, stripped of its symbols and compressed in a format that every machine or
// python3 can read, and the libraries it needs.
import { chmodSync, copyFileSync, createReadStream, createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { run, tail, which } from '../../lib/run.mjs';
import { say } from '../../lib/say.mjs';
import { cache, fileKey, keyOf } from './cache.mjs';

// These belong to every glibc system; those of another machine must never be used.
const ofSystem = /^(linux-vdso|ld-linux|libc|libm|libdl|libpthread|librt)[.-]/;

/** Paths of the libraries that a binary is linked to, except the C library. */
export async function librariesOf(binary) {
  const { output } = await run('ldd', [binary]);
  const found = [...output.matchAll(/^\s*(\S+) => (\/\S+)/gm)];
  return found.filter(([, name]) => !ofSystem.test(name)).map(([, name, path]) => ({ name, path }));
}

/** Compresses a file by the ending of the target: `.gz`, or `.xz`, which is a third smaller; `level` is of `.xz`. */
export async function compress(path, target, level = 9) {
  if (!target.endsWith('.xz'))
    return pipeline(createReadStream(path), createGzip({ level: 9 }), createWriteStream(target));
  const made = await run('sh', ['-c', 'xz "-$3" -T1 -c "$1" >"$2"', 'sh', path, target, String(level)]);
  if (made.code !== 0) throw Object.assign(new Error('xz failed (Debian: xz-utils)'), { log: tail(made.output) });
}

/**
 * Returns { packed: path of the .gz or .xz, binary: path of its content }. `addon`: a file that the stripped binary must be
 * able to load. `isSmall`: by xz, of this `level`.
 */
export async function packNode(addon, isSmall, level) {
  const source = process.execPath;
  const stem = join(cache, `node-${process.version}-${keyOf(fileKey(source))}`);
  const ending = isSmall ? 'xz' : 'gz';
  const packed = `${stem}${isSmall && level !== 9 ? `-${level}` : ''}.${ending}`;
  if (existsSync(packed) && existsSync(stem)) return { packed, binary: stem };
  const started = performance.now();
  const aside = `${stem}.${process.pid}`;
  const stripped = which('strip') && (await run('strip', ['-o', aside, source])).code === 0;
  const works = async () =>
    (
      await run(aside, [
        '-e',
        'const [, file] = process.argv; if (file) require(file)',
        ...(existsSync(addon) ? [addon] : []),
      ])
    ).code === 0;
  if (!stripped || !(await works())) {
    copyFileSync(source, aside);
    chmodSync(aside, 0o755);
  }
  await compress(aside, `${aside}.${ending}`, level);
  renameSync(aside, stem);
  renameSync(`${aside}.${ending}`, packed);
  rmSync(aside, { force: true });
  say('pack', `compressed Node ${process.version}`, (performance.now() - started) / 1000);
  return { packed, binary: stem };
}
