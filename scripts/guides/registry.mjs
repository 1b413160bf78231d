// A registry of npm packages on this computer, so that `npm install ewald` works as it is written in the guides before
// anything is published: the packages of a release, and every other package from node_modules of this clone.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { root, run } from '../lib/run.mjs';

/**
 * Starts the registry; `packages` is the folder of the tarballs in `made`, as packAll returns them, and `kept` a folder
 * for those of other packages. Returns { url, close }.
 */
export async function startRegistry({ packages, made, kept }) {
  mkdirSync(kept, { recursive: true });
  const tarballs = new Map(
    made.filter(({ foreign }) => !foreign).map(({ name, file }) => [name, Promise.resolve(join(packages, file))]),
  );
  const ours = new Set(tarballs.keys());
  const server = createServer((request, response) => {
    answer(decodeURIComponent(request.url.slice(1)), response).catch((error) => {
      response.writeHead(500, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: error.message }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;

  /** The folder of a package in this clone; undefined if it does not have it. */
  function folderOf(name) {
    const folder = join(root, 'node_modules', name);
    return /^(@[\w.-]+\/)?[\w.-]+$/.test(name) && existsSync(join(folder, 'package.json')) ? folder : undefined;
  }

  /** The tarball of a package; npm asks for many that it does not install, so others are packed on demand. */
  function tarballOf(name) {
    if (!tarballs.has(name)) tarballs.set(name, packed(name));
    return tarballs.get(name);
  }

  async function packed(name) {
    const folder = folderOf(name);
    if (folder === undefined) return undefined;
    const words = ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', kept];
    const { code, output, errors } = await run('npm', words, { apart: true, env: { npm_config_loglevel: 'error' } });
    if (code !== 0) throw new Error(`npm pack of ${name} failed: ${errors}`);
    return join(kept, JSON.parse(output)[0].filename.replace('@', '').replace('/', '-'));
  }

  /** The package.json of a package, and the checksum of its tarball if there is one already. */
  async function manifestOf(name) {
    if (!ours.has(name)) {
      const folder = folderOf(name);
      return { manifest: folder && JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), dist: {} };
    }
    const file = await tarballOf(name);
    const { output } = await run('tar', ['xzOf', file, 'package/package.json'], { apart: true });
    const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    return { manifest: JSON.parse(output), dist: { integrity } };
  }

  async function answer(path, response) {
    const name = path.replace(/\.tgz$/, '');
    const file = name === path ? undefined : await tarballOf(name);
    if (file !== undefined) {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(readFileSync(file));
      return;
    }
    const { manifest, dist } = await manifestOf(name);
    response.writeHead(manifest ? 200 : 404, { 'Content-Type': 'application/json' });
    if (!manifest) return void response.end('{"error":"Not found"}');
    const version = { ...manifest, dist: { ...dist, tarball: `${url}/${encodeURIComponent(name)}.tgz` } };
    const document = { name, 'dist-tags': { latest: manifest.version }, versions: { [manifest.version]: version } };
    response.end(JSON.stringify(document));
  }

  return {
    url,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
