// Node for the pack: this machine's binary, stripped of its symbols and compressed in a format that gzip or python3 can
// read, and the libraries it needs.
import { chmodSync, copyFileSync, createReadStream, createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { run, which } from '../../lib/run.mjs';
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

/**
 * Returns { packed: path of the .gz, binary: path of its content }. `addon`: a file that the stripped binary must be
 * able to load.
 */
export async function packNode(addon) {
  const source = process.execPath;
  const stem = join(cache, `node-${process.version}-${keyOf(fileKey(source))}`);
  const packed = `${stem}.gz`;
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
  await pipeline(createReadStream(aside), createGzip({ level: 9 }), createWriteStream(`${aside}.gz`));
  renameSync(aside, stem);
  renameSync(`${aside}.gz`, packed);
  rmSync(aside, { force: true });
  say('pack', `compressed Node ${process.version}`, (performance.now() - started) / 1000);
  return { packed, binary: stem };
}
