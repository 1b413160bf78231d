/** The scripts, styles and pages of the package, which are compressed once and cached. */
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
  '.jpg': 'image/jpeg',
  '.svg': 'image/svg+xml',
};

/** The media type of a file of the package, by a path such as `/view.html`; undefined for any other path. */
const typeOfAsset = (path: string): string | undefined =>
  // Only plain names are allowed, so that no path leads out of the folder.
  /^\/[a-z0-9][a-z0-9.-]*$/.test(path) ? types[extname(path)] : undefined;

/** A file in the form in which it is sent. */
interface Asset {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

type Encoding = 'br' | 'gzip' | 'identity';

/** Quality for files that the build has not compressed; takes about ten milliseconds per megabyte. */
const brotliQuality = 5;

const encoders: Readonly<Record<Encoding, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }),
  gzip: (body) => promisify(gzip)(body),
  identity: async (body) => body,
};

/** The file as compressed by the build, unless it has been written since. */
async function prepared(file: string): Promise<Buffer | undefined> {
  const [compressed, plain] = await Promise.all([stat(`${file}.br`).catch(() => undefined), stat(file)]);
  return compressed && compressed.mtimeMs >= plain.mtimeMs ? readFile(`${file}.br`) : undefined;
}

/** The files of a folder without subfolders. */
export class Assets {
  readonly #folder: string;
  readonly #kept = new Map<string, Promise<Asset>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file of a path such as `/view.html`; undefined for a path outside the package. */
  async at(path: string, acceptEncoding = ''): Promise<Asset | undefined> {
    const type = typeOfAsset(path);
    if (!type) return undefined;
    const accepted = acceptEncoding.split(',').map((word) => word.trim().split(';')[0]);
    const encoding: Encoding = accepted.includes('br') ? 'br' : accepted.includes('gzip') ? 'gzip' : 'identity';
    const key = `${encoding} ${path}`;
    let asset = this.#kept.get(key);
    if (!asset) {
      asset = this.#load(path, type, encoding);
      this.#kept.set(key, asset);
      asset.catch(() => this.#kept.delete(key));
    }
    return asset.catch(() => undefined);
  }

  async #load(path: string, type: string, encoding: Encoding): Promise<Asset> {
    const file = join(this.#folder, path);
    const body = (encoding === 'br' && (await prepared(file))) || (await encoders[encoding](await readFile(file)));
    return {
      body,
      headers: {
        'Content-Type': type,
        'Cache-Control': 'no-cache',
        Vary: 'Accept-Encoding',
        ...(encoding === 'identity' ? {} : { 'Content-Encoding': encoding }),
      },
    };
  }
}
